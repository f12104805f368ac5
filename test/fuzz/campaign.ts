/** Programs with mistakes, through check and compile in one process: what must hold of each. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import prelude from '../../grammar/prelude.gan';
import { renderFrame, toJson } from '../../src/cli/render.ts';
import { type Compiled, compile } from '../../src/compile.ts';
import type { Diagnostic, Source, Span } from '../../src/diagnostics/diagnostic.ts';
import { programs } from '../bench/programs.ts';
import { mutated, randomOf } from './mutations.ts';

export interface Failure {
  readonly seed: number;
  readonly what: string;
  readonly text: string;
}

export interface Outcome {
  readonly programs: number;
  /** How many still compiled, and how many had findings. */
  readonly compiled: number;
  readonly refused: number;
  readonly codes: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
  /** The slowest, in ms of processor time. */
  readonly slowest: readonly { readonly seed: number; readonly ms: number }[];
}

/** Every `.gan` file of the tree, the prelude, and generated programs of small sizes. */
export function originals(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.gan') && !/node_modules|dist/.test(name))
    .sort()
    .map((name) => readFileSync(path.join(root, name), 'utf8'));
  return [prelude, ...files, ...programs.flatMap(({ text }) => [text(2), text(4)])];
}

const slow = 1000;

/** Programs of the seeds from `first` on. */
export function campaign(texts: readonly string[], first: number, count: number): Outcome {
  let [made, refused] = [0, 0];
  const codes = new Map<string, number>();
  const failures: Failure[] = [];
  const slowest: { seed: number; ms: number }[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const text = mutated(texts, randomOf(seed));
    const before = process.cpuUsage();
    try {
      const { files, diagnostics } = hold(text, seed);
      if (files) made++;
      else refused++;
      for (const { code } of diagnostics) codes.set(code, (codes.get(code) ?? 0) + 1);
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failures.push({ seed, what: what.split('\n').slice(0, 8).join('\n'), text });
    }
    const { user, system } = process.cpuUsage(before);
    const ms = (user + system) / 1000;
    if (ms > slow) slowest.push({ seed, ms });
  }
  return { programs: count, compiled: made, refused, codes, failures, slowest };
}

/** Throws where something does not hold of this program. */
export function hold(text: string, seed = 0): Compiled {
  const source = { path: 'model.gan', text };
  const run = (): Compiled =>
    compile({ source, load: () => undefined }, { target: 'node', runtime: '', version: '0' });
  const compiled = run();
  const sources = new Map<string, Source>(compiled.sources.map((s) => [s.path, s]));
  const { diagnostics, files } = compiled;
  const isWrong = diagnostics.some((d) => d.severity === 'error');
  if (isWrong === (files !== undefined))
    throw new Error(isWrong ? 'errors, and files' : 'no error, and no files');
  for (const d of diagnostics) findingIsSound(d, sources);
  toJson(diagnostics, sources);
  for (const [name, code] of Object.entries(files ?? {})) {
    if (name === 'model.js') transformSync(code, { loader: 'js', format: 'esm', logLevel: 'silent' });
  }
  // The same text is the same findings and the same code, whatever was compiled before.
  if (seed % 16 === 0) {
    const again = run();
    if (JSON.stringify(again.diagnostics) !== JSON.stringify(diagnostics))
      throw new Error('other findings the second time');
    if (JSON.stringify(again.files) !== JSON.stringify(files)) throw new Error('other files the second time');
  }
  return compiled;
}

function findingIsSound(d: Diagnostic, sources: ReadonlyMap<string, Source>): void {
  const spans: Span[] = [d.span, ...d.labels.map((l) => l.span), ...(d.fix ?? []).map((e) => e.span)];
  for (const { file, start, end } of spans) {
    const length = sources.get(file)?.text.length ?? -1;
    if (!(start >= 0 && start <= end && end <= length))
      throw new Error(`${d.code} points to ${file}:${start}–${end} in a text of ${length}`);
  }
  for (const words of [d.message, d.help ?? '', ...d.notes, ...d.labels.map((l) => l.text)]) {
    if (/internal:|\[object |\bundefined\b/.test(words)) throw new Error(`${d.code} says: ${words}`);
  }
  const frame = renderFrame(d, sources);
  // What a terminal would obey.
  if (/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u.test(frame.replaceAll('\n', '')))
    throw new Error(`${d.code} prints a control character`);
}
