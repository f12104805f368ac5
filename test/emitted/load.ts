/** Emitted text as a living model: the module's own lines, with tfjs and the runtime handed in instead of imported. */
import * as tf from '@tensorflow/tfjs';
import * as nn from '../../runtimes/core/nn/nn.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { analyse, moduleOf } from '../../src/compile.ts';

export function loadModule(code: string): CompiledModel {
  const body = code
    .replace(/^import .*$/gm, '')
    .replace('export const model =', 'const model =')
    .replace(/^await main\(.*$/m, 'return model;');
  return new Function('tf', 'nn', body)(tf, nn) as CompiledModel;
}

export function compileText(path: string, text: string, set: Record<string, string> = {}) {
  const analysis = analyse({ source: { path, text }, set, load: () => undefined });
  const errors = analysis.diagnostics.filter((d) => d.severity === 'error');
  if (!analysis.model || errors.length > 0)
    throw new Error(errors.map((d) => `${d.code} ${d.message}`).join('\n'));
  return loadModule(moduleOf(analysis.model, analysis.sources).code);
}
