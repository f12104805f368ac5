/** Where an offset stands: lines and columns of a text, found by bisection. */
import type { Source } from './diagnostic.ts';

/** Both from 0; a column counts UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Lines {
  readonly count: number;
  position(offset: number): Position;
  /** Offset of the first character of a line (from 0). */
  start(line: number): number;
  /** The text of a line, without its end. */
  text(line: number): string;
}

const known = new WeakMap<Source, Lines>();

/** The line table of a source; made once for each. A line ends at `\n`, `\r\n` or `\r`. */
export function linesOf(source: Source): Lines {
  let lines = known.get(source);
  if (!lines) {
    lines = index(source.text);
    known.set(source, lines);
  }
  return lines;
}

function index(text: string): Lines {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\n|\r/g)) starts.push(end.index + end[0].length);
  const start = (line: number): number => starts[line] ?? text.length;
  return {
    count: starts.length,
    start,
    text(line) {
      const from = start(line);
      let to = start(line + 1);
      // Of the last line there is no end.
      if (line + 1 < starts.length)
        to -= text.charAt(to - 1) === '\n' && text.charAt(to - 2) === '\r' ? 2 : 1;
      return text.slice(from, to);
    },
    position(offset) {
      const at = Math.max(0, Math.min(offset, text.length));
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (start(middle) <= at) low = middle;
        else high = middle - 1;
      }
      return { line: low, column: at - start(low) };
    },
  };
}
