/** The stages of the compiler on one text, one after the other: to be timed, or to have their work counted. */
import prelude from '../../grammar/prelude.gan';
import { withoutAllowed } from '../../src/check/allow.ts';
import { check } from '../../src/check/check.ts';
import { plain } from '../../src/cli/paint.ts';
import { renderFrame, toJson } from '../../src/cli/render.ts';
import { renderSummary } from '../../src/cli/summary-table.ts';
import { moduleOf, planOf } from '../../src/compile.ts';
import { craft } from '../../src/craft/craft.ts';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { summary } from '../../src/summary/summary.ts';
import { parse } from '../../src/syntax/parse.ts';
import { printAst } from '../../src/syntax/print.ts';

export type Stage = 'parse' | 'print' | 'check' | 'craft' | 'allow' | 'plan' | 'emit' | 'summary' | 'render';

export interface Sizes {
  readonly findings: readonly Diagnostic[];
  /** Characters of emitted code; 0 where there is none. */
  readonly code: number;
}

/** `around` runs each stage, under its name. */
export function runStages(text: string, around: <T>(stage: Stage, f: () => T) => T): Sizes {
  const source = { path: 'model.gan', text };
  const sources = [source, { path: 'prelude.gan', text: prelude }];
  const parsed = around('parse', () => parse(source));
  const file = parsed.value;
  if (!file) return { findings: parsed.diagnostics, code: 0 };
  around('print', () => printAst(file));
  const broken = parsed.diagnostics.some((d) => d.severity === 'error');
  const checked = around('check', () =>
    check({ file, source, set: {}, load: () => undefined, partial: broken }),
  );
  const model = checked.value;
  let found = [...parsed.diagnostics, ...checked.diagnostics];
  let code = 0;
  if (model && !broken) {
    found.push(...around('craft', () => craft(model)));
    const plan = around('plan', () => planOf(model, sources));
    code = around('emit', () => moduleOf(model, sources)).code.length;
    around('summary', () => renderSummary(summary(model, plan), plain));
  }
  found = around('allow', () => withoutAllowed(found, [{ source, file }]));
  const bySource = new Map(sources.map((s) => [s.path, s]));
  around('render', () => {
    for (const d of found) renderFrame(d, bySource);
    toJson(found, bySource);
  });
  return { findings: found, code };
}
