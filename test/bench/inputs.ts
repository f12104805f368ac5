/** Compiles a workload and writes what all contenders start from: its module, first weights, samples of three steps. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { drawValues } from '../../runtimes/core/random.ts';
import { initialWeight } from '../../runtimes/core/run/initialise.ts';
import type { CompiledModel, DistributionSpec } from '../../runtimes/core/run/model.ts';
import { encodeSafetensors, type StoredTensor } from '../../runtimes/core/run/safetensors.ts';
import { analyse, moduleOf } from '../../src/compile.ts';

export interface Prepared {
  module: string;
  inputs: string;
  batch: number;
}

export const stepsGiven = 3;

/** `built` is the folder of the benchmark's bundle, `folder` where the files go. */
export async function prepare(
  workload: string,
  set: Record<string, string>,
  built: string,
  folder: string,
): Promise<Prepared> {
  const file = `test/bench/workloads/${workload}.gan`;
  const source = { path: file, text: readFileSync(file, 'utf8') };
  const analysis = analyse({ source, set, load: () => undefined });
  const errors = analysis.diagnostics.filter((d) => d.severity === 'error');
  if (!analysis.model || errors.length > 0) throw new Error(errors.map((d) => d.message).join('\n'));
  const { code } = moduleOf(analysis.model, analysis.sources, {
    tfjs: import.meta.resolve('@tensorflow/tfjs'),
    runtime: pathToFileURL(path.join(built, 'runtime.mjs')).href,
  });
  const stem = [workload, ...Object.entries(set).map(([k, v]) => `${k}-${v}`)].join('-');
  const module = path.join(folder, `${stem}.mjs`);
  writeFileSync(module, code);
  const { model } = (await import(pathToFileURL(module).href)) as { model: CompiledModel };
  const { batch } = model.phases[0]!;

  const tensors = new Map<string, StoredTensor>();
  for (const weight of model.weights)
    tensors.set(`weights/${weight.name}`, { shape: weight.shape, data: initialWeight(weight, 1) });
  const statements = [...code.matchAll(/await run\.sample\(\[(.*?)\]/g)].map((m) => m[1]!.match(/[\w]+/g)!);
  if (statements.length === 0) throw new Error(`${file} samples nothing that is found in its code.`);
  const pixels: DistributionSpec = { kind: 'uniform', low: -1, high: 1 };
  for (let step = 0; step < stepsGiven; step++) {
    for (const [i, names] of statements.entries()) {
      for (const name of names) {
        const noise = model.noise.find((n) => n.name === name);
        const field = model.data.flatMap((d) => d.fields).find((f) => f.name === name);
        const shape = [batch, ...(noise?.shape ?? field!.type.shape)];
        const data = drawValues(1, `bench/${name}/${i}`, step, noise?.dist ?? pixels, shape);
        tensors.set(`samples/${step}/${i}/${name}`, { shape, data });
      }
    }
  }
  const inputs = path.join(folder, `${stem}.safetensors`);
  writeFileSync(inputs, Buffer.concat(encodeSafetensors(tensors, {})));
  return { module, inputs, batch };
}
