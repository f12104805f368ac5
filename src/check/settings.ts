/** `--set NAME=value`: text from the command line as a constant of the parameter's kind. */
import { type Constant, showConstant } from './evaluate/value.ts';

/** The text read as the kind of the written value; undefined where it is none. */
export function parseSetting(text: string, written: Constant): Constant | undefined {
  const trimmed = text.trim();
  if (typeof written === 'string') {
    const quoted = /^"(.*)"$/.exec(trimmed);
    return quoted ? quoted[1]! : text;
  }
  if (typeof written === 'boolean')
    return trimmed === 'true' ? true : trimmed === 'false' ? false : undefined;
  if (typeof written === 'number') return numberIn(trimmed);
  const items = trimmed.replace(/^\[/, '').replace(/\]$/, '').split(',');
  if (items.length === 1 && items[0]!.trim() === '') return [];
  const numbers = items.map((item) => numberIn(item.trim()));
  return numbers.every((n) => n !== undefined) ? numbers : undefined;
}

/** Numbers as the language writes them, with a sign: `-2e-4`, `20_000`. */
function numberIn(text: string): number | undefined {
  if (!/^[+-]?\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?$/.test(text)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : undefined;
}

/** What a setting must look like, for messages. */
export function kindInWords(written: Constant): string {
  if (typeof written === 'number') return `a number, as ${showConstant(written)} is`;
  if (typeof written === 'boolean') return '`true` or `false`';
  if (typeof written === 'string') return 'a string';
  return `a list of numbers, as ${showConstant(written)} is`;
}
