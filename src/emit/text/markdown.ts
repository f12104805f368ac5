/** Text of the user's files in a README: it is read as text, whatever it says. */
import { visible, visibleLines } from '../../../runtimes/core/visible.ts';

/** Code, emphasis, links, HTML and its entities. A `_` inside a word and a bracket by itself mean nothing. */
const ACTIVE = /[\\`*<&~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|\](?=[([:])/gu;

/** Code in backquotes stays as it is where nothing in it could mean anything else. */
const CODE = /(`[^`\\<&]+`)/;

/** Prose of one or more lines. What it says is kept, Markdown beyond `code` is not. */
export function prose(text: string): string {
  return visibleLines(text).map(line).join('\n');
}

/** A name, say in a heading. */
export function inline(text: string): string {
  return line(visible(text));
}

/** As code, between as many backquotes as it takes. */
export function code(text: string): string {
  const shown = visible(text);
  const fence = '`'.repeat(1 + Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length)));
  const pad = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

function line(text: string): string {
  return (
    text
      .split(CODE)
      .map((part, i) => (i % 2 === 1 ? part : part.replace(ACTIVE, '\\$&')))
      .join('')
      // Four blanks would begin a block of code, two at an end break the line; these signs begin a block.
      .trim()
      .replace(/^[-+=#>|:]/, '\\$&')
      .replace(/^(\d+)([.)])/, '$1\\$2')
  );
}
