/** Says diagnostics: as frames on a terminal, as JSON, and as annotations that GitHub shows beside the code. */
import stringWidth from 'string-width';
import type { Diagnostic, Edit, Severity, Source, Span } from '../diagnostics/diagnostic.ts';
import { linesOf } from '../diagnostics/lines.ts';
import { type Paint, plain } from './paint.ts';

/** Finds the text that a span points into. */
export type Sources = ReadonlyMap<string, Source>;

const TAB = 4;
/** Longer lines are shown around the place that matters. */
const WIDEST = 110;

/** Findings in reading order: by file as they came, then by place. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map((d) => d.span.file))];
  return [...diagnostics].sort(
    (a, b) =>
      files.indexOf(a.span.file) - files.indexOf(b.span.file) ||
      a.span.start - b.span.start ||
      a.span.end - b.span.end,
  );
}

/** `2 errors, 1 warning in 1 file`; '' where there is nothing to say. */
export function summarise(diagnostics: readonly Diagnostic[]): string {
  const parts: string[] = [];
  for (const severity of ['error', 'warning', 'note'] as const) {
    const n = diagnostics.filter((d) => d.severity === severity).length;
    if (n > 0) parts.push(`${n} ${severity}${n === 1 ? '' : 's'}`);
  }
  if (parts.length === 0) return '';
  const files = new Set(diagnostics.map((d) => d.span.file)).size;
  return `${parts.join(', ')} in ${files} file${files === 1 ? '' : 's'}`;
}

// ------------------------------------------------------------------------------------------------ JSON

interface Place {
  readonly file: string;
  /** From 1; columns count UTF-16 units. The end is the first column after. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

function place(span: Span, sources: Sources): Place {
  const source = sources.get(span.file);
  if (!source) return { file: span.file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const lines = linesOf(source);
  const from = lines.position(span.start);
  const to = lines.position(span.end);
  return {
    file: span.file,
    line: from.line + 1,
    column: from.column + 1,
    endLine: to.line + 1,
    endColumn: to.column + 1,
  };
}

/** What `--format json` prints for one finding. */
export interface DiagnosticJson extends Place {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly notes: readonly string[];
  readonly help: string | null;
  readonly labels: readonly (Place & { readonly text: string })[];
  readonly fix: readonly (Place & { readonly text: string })[] | null;
}

export function toJson(diagnostics: readonly Diagnostic[], sources: Sources): DiagnosticJson[] {
  const at = <T extends { span: Span; text: string }>(x: T) => ({ ...place(x.span, sources), text: x.text });
  return inOrder(diagnostics).map((d) => ({
    code: d.code,
    severity: d.severity,
    message: d.message,
    ...place(d.span, sources),
    notes: d.notes,
    help: d.help ?? null,
    labels: d.labels.map(at),
    fix: d.fix?.map(at) ?? null,
  }));
}

// ------------------------------------------------------------------------------------------------ GitHub

const inData = (s: string): string => s.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
const inProperty = (s: string): string => inData(s).replace(/:/g, '%3A').replace(/,/g, '%2C');

/** Workflow commands: one line a finding, shown beside the line of a pull request. */
export function toGithub(diagnostics: readonly Diagnostic[], sources: Sources): string[] {
  return inOrder(diagnostics).map((d) => {
    const p = place(d.span, sources);
    const title = `${d.code} (ganc explain ${d.code})`;
    const properties = [`file=${inProperty(p.file)}`, `line=${p.line}`, `endLine=${p.endLine}`];
    // GitHub refuses columns on a range of several lines.
    if (p.line === p.endLine) properties.push(`col=${p.column}`, `endColumn=${p.endColumn}`);
    properties.push(`title=${inProperty(title)}`);
    const text = [sentence(d.message), ...d.notes, ...(d.help ? [`Help: ${d.help}`] : [])].join('\n');
    const command = d.severity === 'note' ? 'notice' : d.severity;
    return `::${command} ${properties.join(',')}::${inData(text)}`;
  });
}

// ------------------------------------------------------------------------------------------------ frames

const marks: Record<Severity, 'red' | 'yellow' | 'cyan'> = { error: 'red', warning: 'yellow', note: 'cyan' };

interface Mark {
  readonly line: number;
  /** Columns on the line, in UTF-16 units; `to` may lie past its end for the rest of a span that goes on. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly main: boolean;
}

/** One finding as a frame: what, where with the source, why, and the way out. */
export function renderFrame(d: Diagnostic, sources: Sources, paint: Paint = plain): string {
  const colour = marks[d.severity];
  const out = [
    `${paint(`${d.severity}[${d.code}]`, 'bold', colour)}${paint(`: ${clean(d.message)}`, 'bold')}`,
  ];

  const files = [...new Set([d.span, ...d.labels.map((l) => l.span)].map((s) => s.file))];
  const marked = files.map((file) => ({ file, marks: marksIn(file, d, sources) }));
  const lastLine = Math.max(1, ...marked.flatMap((m) => m.marks.map((mark) => mark.line + 1)));
  const gutter = String(lastLine).length;
  const bar = (left = '', sign = '│'): string => paint(`${left.padStart(gutter)} ${sign}`, 'blue');

  for (const { file, marks: list } of marked) {
    const source = sources.get(file);
    const span = file === d.span.file ? d.span : d.labels.find((l) => l.span.file === file)!.span;
    const p = place(span, sources);
    if (file !== marked[0]!.file) out.push(bar());
    const arrow = paint(`${' '.repeat(gutter)} ┌─`, 'blue');
    out.push(`${arrow} ${clean(file)}${source ? `:${p.line}:${p.column}` : ''}`);
    if (!source) continue;
    out.push(bar());
    const lines = linesOf(source);
    let before: number | undefined;
    for (const line of [...new Set(list.map((m) => m.line))].sort((a, b) => a - b)) {
      if (before !== undefined && line === before + 2) {
        out.push(`${bar(String(before + 2))} ${show(lines.text(before + 1), []).text}`.trimEnd());
      } else if (before !== undefined && line > before + 1) out.push(bar('', '⋮'));
      const here = list
        .filter((m) => m.line === line)
        .sort((a, b) => Number(b.main) - Number(a.main) || a.from - b.from);
      const shown = show(lines.text(line), here);
      out.push(`${bar(String(line + 1))} ${shown.text}`.trimEnd());
      here.forEach((mark, i) => {
        const [from, to] = shown.columns[i]!;
        const line = (mark.main ? '^' : '-').repeat(Math.max(1, to - from));
        const text = mark.text === '' ? '' : ` ${clean(mark.text)}`;
        out.push(`${bar()} ${' '.repeat(from)}${paint(`${line}${text}`, mark.main ? colour : 'blue')}`);
      });
      before = line;
    }
  }

  const tail: string[] = [];
  const say = (word: string, text: string): void => {
    const indent = ' '.repeat(gutter + 4 + word.length + 1);
    const lines = clean(text, true)
      .split('\n')
      .flatMap((line) => wrapped(line, WIDEST - indent.length));
    const body = lines.join(`\n${indent}`);
    tail.push(`${paint(`${' '.repeat(gutter)} =`, 'blue')} ${paint(`${word}:`, 'bold')} ${body}`);
  };
  for (const note of d.notes) say('note', note);
  if (d.help !== undefined) say('help', d.help);
  const repaired = d.fix ? applied(d.fix, sources) : undefined;
  if (repaired) {
    if (d.help === undefined) say('help', 'write');
    for (const { line, text, from, to } of repaired) {
      const shown = show(text, [{ line, from, to, text: '', main: true }]).text;
      tail.push(`${bar(String(line + 1), '+')} ${paint(shown, 'green')}`.trimEnd());
    }
  }
  if (tail.length > 0) out.push(bar(), ...tail);
  return out.join('\n');
}

/** Breaks a long line between words; what it begins with as indentation is kept. */
function wrapped(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const indent = /^ */.exec(text)![0];
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    if (line !== '' && stringWidth(`${line} ${word}`) > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? indent + word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The underlined stretches of one file. A span of several lines is marked where it begins and where it ends. */
function marksIn(file: string, d: Diagnostic, sources: Sources): Mark[] {
  const source = sources.get(file);
  if (!source) return [];
  const lines = linesOf(source);
  const all = [{ span: d.span, text: '', main: true }, ...d.labels.map((l) => ({ ...l, main: false }))];
  return all
    .filter((m) => m.span.file === file)
    .flatMap(({ span, text, main }): Mark[] => {
      const from = lines.position(span.start);
      const to = lines.position(Math.max(span.start, span.end));
      if (from.line === to.line) return [{ line: from.line, from: from.column, to: to.column, text, main }];
      const first = { line: from.line, from: from.column, to: lines.text(from.line).length, text: '', main };
      const last = lines.text(to.line);
      const indent = last.length - last.trimStart().length;
      if (to.column <= indent) return [{ ...first, text }];
      return [first, { line: to.line, from: indent, to: to.column, text, main }];
    });
}

/**
 * A line as a terminal shows it (tabs as spaces, control characters made visible, very long lines cut around the first
 * mark), and for each mark the display columns that it covers.
 */
function show(line: string, list: readonly Mark[]): { text: string; columns: [number, number][] } {
  if (line.length > LONGEST) return showPart(line, list);
  let text = '';
  let width = 0;
  const at: number[] = [];
  for (const { segment, index } of graphemes(line)) {
    const shown = segment === '\t' ? ' '.repeat(TAB - (width % TAB)) : clean(segment);
    for (let i = 0; i < segment.length; i++) at[index + i] = width;
    text += shown;
    width += segment === '\t' ? shown.length : widthOf(shown);
  }
  at[line.length] = width;
  const column = (offset: number): number => at[Math.min(offset, line.length)] ?? width;
  const columns = list.map((m): [number, number] => [column(m.from), column(m.to)]);
  if (width <= WIDEST) return { text, columns };
  return window(text, columns);
}

/** A line may have a million characters, and as many findings: only what stands around the first mark is looked at. */
const LONGEST = 1024;

function showPart(line: string, list: readonly Mark[]): { text: string; columns: [number, number][] } {
  const from = Math.min(list[0]?.from ?? 0, line.length);
  const start = boundary(line, Math.max(0, from - LONGEST / 4));
  const end = boundary(line, Math.min(line.length, from + LONGEST / 4));
  const shift = (at: number): number => Math.max(0, Math.min(at, end) - start);
  const part = list.map((m) => ({ ...m, from: shift(m.from), to: shift(m.to) }));
  const { text, columns } = show(line.slice(start, end), part);
  const begin = start > 0 && !text.startsWith('…') ? '…' : '';
  const rest = end < line.length && !text.endsWith('…') ? '…' : '';
  const moved = (c: number): number => c + begin.length;
  return { text: begin + text + rest, columns: columns.map(([a, b]) => [moved(a), moved(b)]) };
}

/** Not between the two halves of a character. */
function boundary(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at;
}

function window(text: string, columns: [number, number][]): { text: string; columns: [number, number][] } {
  const [from, to] = columns[0] ?? [0, 0];
  const middle = (from + Math.min(to, from + WIDEST / 2)) / 2;
  const start = Math.max(0, Math.round(middle - WIDEST / 2));
  let kept = '';
  let width = 0;
  let first = 0;
  for (const { segment } of graphemes(text)) {
    const w = widthOf(segment);
    if (width < start) first = width + w;
    else if (width + w <= start + WIDEST) kept += segment;
    width += w;
    if (width > start + WIDEST) break;
  }
  const begin = start > 0 ? '…' : '';
  const end = width > start + WIDEST ? '…' : '';
  const shift = (c: number): number => Math.max(0, Math.min(c, start + WIDEST) - first) + begin.length;
  return { text: `${begin}${kept}${end}`, columns: columns.map(([a, b]) => [shift(a), shift(b)]) };
}

/** Most characters need no table of widths, and a line may have a million of them. */
const widthOf = (segment: string): number =>
  segment.length === 1 && segment >= ' ' && segment <= '~' ? 1 : stringWidth(segment);

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Plain ASCII needs no segmenter, which is slow on long lines. */
function graphemes(text: string): Iterable<{ segment: string; index: number }> {
  if (/^[\t\x20-\x7e]*$/.test(text)) return [...text].map((segment, index) => ({ segment, index }));
  return segmenter.segment(text);
}

/** Control characters of a source or a name must not reach the terminal: they are shown as pictures of themselves. */
function clean(text: string, lines = false): string {
  return text.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, (c) => {
    if (lines && c === '\n') return c;
    const code = c.codePointAt(0)!;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '␡' : '�';
  });
}

interface Repaired {
  readonly line: number;
  readonly text: string;
  /** What is new in it. */
  readonly from: number;
  readonly to: number;
}

/** The lines that a repair changes, as they would read. Edits of one file only: the first edit's. */
function applied(edits: readonly Edit[], sources: Sources): Repaired[] | undefined {
  const file = edits[0]?.span.file;
  const source = file === undefined ? undefined : sources.get(file);
  if (!source) return undefined;
  const lines = linesOf(source);
  const mine = edits.filter((e) => e.span.file === file).sort((a, b) => a.span.start - b.span.start);
  const first = lines.position(mine[0]!.span.start).line;
  const last = lines.position(Math.max(...mine.map((e) => e.span.end))).line;
  let text = '';
  let at = lines.start(first);
  for (const { span, text: replacement } of mine) {
    text += source.text.slice(at, span.start) + replacement;
    at = span.end;
  }
  text += source.text.slice(at, lines.start(last) + lines.text(last).length);
  return text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ line: first + i, text: line, ...difference(lines.text(first + i), line) }))
    .filter((l, i) => l.text !== lines.text(first + i) || l.text.trim() !== '');
}

/** Where the new line differs from the old. */
function difference(before: string, after: string): { from: number; to: number } {
  let from = 0;
  while (from < after.length && after[from] === before[from]) from++;
  let to = after.length;
  while (to > from && after[to - 1] === before[before.length - after.length + to - 1]) to--;
  return { from, to };
}

function sentence(message: string): string {
  return /[.?!]$/.test(message) ? message : `${message}.`;
}
