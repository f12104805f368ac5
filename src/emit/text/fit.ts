/** Lines of code that are too long, broken as a person breaks them. */
import { literal, Raw } from './literal.ts';
import { WIDTH } from './writer.ts';

/** Breaks the outermost call of a line that is too long: its arguments go on lines of their own. */
export function fit(text: string, room = WIDTH): string {
  if (text.length <= room) return text;
  const [, names] = /^const \[([^\]]*)\] = /.exec(text) ?? [];
  const head = text.indexOf('(', text.indexOf('] = '));
  if (names !== undefined && head >= room) {
    const items = names.split(', ').map((name) => new Raw(name));
    const [first, ...middle] = literal(items, 0, room, room).split('\n');
    const last = middle.pop()!;
    const rest = fit(`${last}${text.slice(text.indexOf('] = ') + 1)}`, room);
    return [`const ${first}`, ...middle, rest].join('\n');
  }
  const open = text.indexOf('(');
  if (open === -1) return text;
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  let quote = '';
  for (let i = open; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === "'" || c === '"' || c === '`') quote = c;
    else if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) {
      depth--;
      if (depth === 0) {
        parts.push(text.slice(start, i).trim());
        const rest = text.slice(i);
        if (parts.length === 1 && !parts[0]!.startsWith('[')) return text;
        const filled = literal(
          parts.map((part) => new Raw(part)),
          0,
          room,
          room,
        );
        return `${text.slice(0, open + 1)}${filled.slice(1, -1)}${rest}`;
      }
    } else if (c === ',' && depth === 1) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return text;
}
