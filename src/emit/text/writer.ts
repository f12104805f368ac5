/** Collects emitted lines with the source place of each, and makes the text and its source map of them. */
import { GenMapping, maybeAddSegment, setSourceContent, toEncodedMap } from '@jridgewell/gen-mapping';
import { cut, visibleLines } from '../../../runtimes/core/visible.ts';
import type { Source, Span } from '../../diagnostics/diagnostic.ts';
import { linesOf, type Position } from '../../diagnostics/lines.ts';
import { onOneLine } from '../../syntax/on-one-line.ts';
import { sourceFiles } from './file-names.ts';

/** The longest line that the printer makes of its own accord. */
export const WIDTH = 110;

export interface Written {
  readonly code: string;
  /** The source map as JSON. */
  readonly map: string;
}

interface Line {
  readonly text: string;
  readonly span: Span | null;
}

/** The texts that spans point into. */
export class Sources {
  readonly #files: ReadonlyMap<string, Source>;
  readonly #copies: ReadonlyMap<string, string>;

  constructor(sources: readonly Source[]) {
    this.#files = new Map(sources.map((source) => [source.path, source]));
    this.#copies = sourceFiles(sources);
  }

  /** What the source map calls it: its copy, which lies beside the code. */
  beside(path: string): string {
    return this.#copies.get(path) ?? path;
  }

  file(path: string): Source | undefined {
    return this.#files.get(path);
  }

  place(span: Span): Position | null {
    const file = this.#files.get(span.file);
    return file ? linesOf(file).position(span.start) : null;
  }

  /** What is written there, on one line and without comments; '' where the text is not at hand. */
  text(span: Span): string {
    return onOneLine(this.#files.get(span.file)?.text.slice(span.start, span.end) ?? '');
  }

  /** The whole line on which it begins, likewise. */
  line(span: Span): string {
    const file = this.#files.get(span.file);
    return file ? onOneLine(linesOf(file).text(linesOf(file).position(span.start).line)) : '';
  }
}

export class Writer {
  readonly #lines: Line[] = [];
  #depth = 0;
  readonly sources: Sources;

  constructor(sources: Sources) {
    this.sources = sources;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Columns left for text at this depth. */
  get room(): number {
    return WIDTH - 2 * this.#depth;
  }

  /**
   * One or more lines of code, each indented to the current depth; `span` is where they come from. Text of the user's
   * files is no code: it goes through `comment`, `doc`, a literal or an identifier.
   */
  line(text: string, span: Span | null = null): void {
    if (/[\r\u2028\u2029]/.test(text)) throw new Error('a line of code holds a line separator');
    for (const part of text.split('\n')) {
      this.#lines.push({ text: part === '' ? '' : '  '.repeat(this.#depth) + part, span });
    }
  }

  /** An empty line, unless one is there or a block has just been opened. */
  blank(): void {
    const last = this.#lines.at(-1)?.text ?? '';
    if (last !== '' && !last.endsWith('{')) this.line('');
  }

  /** A comment; long ones are broken between words. */
  comment(text: string, span: Span | null = null): void {
    for (const line of visibleLines(text).flatMap((part) => wrap(part, this.room - 3)))
      this.line(line === '' ? '//' : `// ${harmless(line)}`, span);
  }

  /** A comment on one line, of which the end is left out if it is too long. */
  remark(text: string, span: Span | null = null): void {
    const line = visibleLines(text).join(' ');
    const room = this.room - 3;
    this.line(`// ${harmless(line.length > room ? `${cut(line, room - 1)}…` : line)}`, span);
  }

  /** The documentation of what follows. */
  doc(text: string): void {
    const lines = visibleLines(text).map(harmless);
    if (lines.length === 1) this.line(`/** ${lines[0]} */`);
    else this.line(['/**', ...lines.map((line) => ` * ${line}`.trimEnd()), ' */'].join('\n'));
  }

  /** What is written in the meantime stands one level deeper. */
  indent(body: () => void): void {
    this.#depth++;
    body();
    this.#depth--;
  }

  /** `open` null: the line is there already. */
  block(open: string | null, close: string, body: () => void, span: Span | null = null): void {
    if (open !== null) this.line(open, span);
    this.indent(body);
    this.line(close);
  }

  /** Lines of a part that was written before it. */
  append(part: Writer): void {
    for (const line of part.#lines) this.#lines.push(line);
  }

  /** Whether the code (comments aside) uses these characters. */
  mentions(text: string): boolean {
    return this.#lines.some((line) => line.text.includes(text) && !/^\s*\/?[/*]/.test(line.text));
  }

  finish(file: string): Written {
    const map = new GenMapping({ file });
    this.#lines.forEach(({ text, span }, index) => {
      const place = span && this.sources.place(span);
      if (!span || !place || text === '') return;
      const beside = this.sources.beside(span.file);
      const indent = text.length - text.trimStart().length;
      maybeAddSegment(map, index, indent, beside, place.line, place.column);
      setSourceContent(map, beside, this.sources.file(span.file)?.text ?? null);
    });
    const lines = this.#lines.map((line) => line.text);
    return {
      code: `${lines.join('\n')}\n//# sourceMappingURL=${encodeURIComponent(file)}.map\n`,
      map: `${JSON.stringify(toEncodedMap(map))}\n`,
    };
  }
}

/** What would end a comment, or a script in a page that holds the code; `*` and `/` are put apart, as `<` and `/` are. */
function harmless(text: string): string {
  return text.replace(/\*(?=\/)|<(?=\/script|!--)/gi, '$& ');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line.trimEnd());
  return lines;
}
