/** Collects emitted lines with the source place of each, and makes the text and its source map of them. */
import { GenMapping, maybeAddSegment, setSourceContent, toEncodedMap } from '@jridgewell/gen-mapping';
import type { Source, Span } from '../../diagnostics/diagnostic.ts';
import { linesOf, type Position } from '../../diagnostics/lines.ts';

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

  constructor(sources: readonly Source[]) {
    this.#files = new Map(sources.map((source) => [source.path, source]));
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
    return tidy(this.#files.get(span.file)?.text.slice(span.start, span.end) ?? '');
  }

  /** The whole line on which it begins, likewise. */
  line(span: Span): string {
    const file = this.#files.get(span.file);
    return file ? tidy(linesOf(file).text(linesOf(file).position(span.start).line)) : '';
  }
}

function tidy(text: string): string {
  return text
    .replace(/\/\/[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
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

  /** One or more lines, each indented to the current depth; `span` is where they come from. */
  line(text: string, span: Span | null = null): void {
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
    for (const line of wrap(text, this.room - 3)) this.line(line === '' ? '//' : `// ${line}`, span);
  }

  block(open: string, close: string, body: () => void, span: Span | null = null): void {
    this.line(open, span);
    this.#depth++;
    body();
    this.#depth--;
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
      // Emitted folders hold their sources beside the code.
      const beside = span.file.replace(/^.*[\\/]/, '');
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

export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line.trimEnd());
  }
  return lines;
}
