/** What the tests of the checker share: a source goes in, what is said of it comes out as plain lines. */
import { expect } from 'vitest';
import { check } from '../../../src/check/check.ts';
import type { Diagnostic, Source } from '../../../src/diagnostics/diagnostic.ts';
import { linesOf } from '../../../src/diagnostics/lines.ts';
import type { Model } from '../../../src/model/model.ts';
import { parse } from '../../../src/syntax/parse.ts';

export interface Options {
  readonly set?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function run(text: string, { set = {}, files = {} }: Options) {
  const source: Source = { path: 'test.gan', text };
  const parsed = parse(source);
  expect(parsed.diagnostics.map((d) => d.message)).toEqual([]);
  const load = (path: string) => (files[path] === undefined ? undefined : { path, text: files[path] });
  return { source, ...check({ file: parsed.value!, source, set, load }) };
}

/** `2:19 GAN0201 there is no value called …`, and below it the help. */
function line(d: Diagnostic, source: Source): string {
  const { line: row, column } = linesOf(source).position(d.span.start);
  const place = d.span.file === source.path ? `${row + 1}:${column + 1}` : d.span.file;
  return `${place} ${d.code} ${d.message}${d.help === undefined ? '' : `\n  help: ${d.help}`}`;
}

/** What is said of a text, one finding after the other. */
export function said(text: string, options: Options = {}): string {
  const { source, diagnostics } = run(text, options);
  return diagnostics.map((d) => line(d, source)).join('\n');
}

/** The findings themselves, for tests of labels, notes and edits. */
export function findings(text: string, options: Options = {}): readonly Diagnostic[] {
  return run(text, options).diagnostics;
}

/** The Model of a text of which nothing is said. */
export function modelOf(text: string, options: Options = {}): Model {
  const { source, value, diagnostics } = run(text, options);
  expect(diagnostics.map((d) => line(d, source))).toEqual([]);
  return value!;
}

/** Nothing is said of it. */
export function accepted(text: string, options: Options = {}): void {
  modelOf(text, options);
}

/** The text after the edits of its first finding. */
export function repaired(text: string): string {
  const edits = [...(findings(text)[0]?.fix ?? [])].sort((a, b) => b.span.start - a.span.start);
  return edits.reduce((t, { span, text: by }) => t.slice(0, span.start) + by + t.slice(span.end), text);
}
