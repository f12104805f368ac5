/** JavaScript literals as a person lays them out: on one line where they fit, else one entry a line. */
import { WIDTH } from './writer.ts';

/** Text that goes in as it stands: the name of a function, an expression. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Value =
  | Raw
  | number
  | string
  | boolean
  | null
  | readonly Value[]
  | { readonly [key: string]: Value };

/** A number such that reading it back gives the same one; small and large ones as people write them (`2e-4`). */
export function number(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const plain = String(value);
  if (!Number.isFinite(value)) return plain;
  const short = value.toExponential().replace('e+', 'e');
  const magnitude = Math.abs(value);
  const scientific = magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e6);
  return scientific && short.length <= plain.length ? short : plain;
}

/** A string of JavaScript in which nothing ends it, a line, or a script in a page. */
export function string(value: string): string {
  const body = JSON.stringify(value)
    .slice(1, -1)
    .replace(/\\"/g, '"')
    .replace(/['\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\uFEFF]|<(?=\/script|!--)/giu, (c) =>
      c === "'" ? "\\'" : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `'${body}'`;
}

/** A property's name in an object or a pattern. A bare `__proto__` would be the object's prototype. */
export function key(name: string): string {
  if (name === '__proto__') return "['__proto__']";
  return isIdentifier(name) ? name : string(name);
}

/** How a property of this name is read. */
export function access(name: string): string {
  return isIdentifier(name) ? `.${name}` : `[${string(name)}]`;
}

/** Whether it may stand behind a dot; as a variable's name, unless it is a word of the language. */
export function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

/**
 * `used` is how much of the first line is taken already; later lines are indented from `indent` levels. All must fit
 * into `width` columns.
 */
export function literal(value: Value, indent = 0, used = 0, width = WIDTH): string {
  const flat = oneLine(value);
  const long =
    Array.isArray(value) &&
    value.length > 1 &&
    value.every((item) => item instanceof Raw && item.text.startsWith('{'));
  if ((2 * indent + used + flat.length <= width && !long) || !isCompound(value)) return flat;
  const pad = '  '.repeat(indent + 1);
  const end = `\n${'  '.repeat(indent)}`;
  if (Array.isArray(value)) {
    const items = value as readonly Value[];
    if (!long && items.every((item) => !isCompound(item)))
      return `[${fill(items.map(oneLine), pad, width)}${end}]`;
    return `[${items.map((item) => `\n${pad}${literal(item, indent + 1, 1, width)},`).join('')}${end}]`;
  }
  const entries = Object.entries(value as Record<string, Value>);
  const body = entries.map(([name, item]) => {
    if (isShorthand(name, item)) return `\n${pad}${key(name)},`;
    const start = `${key(name)}: `;
    return `\n${pad}${start}${literal(item, indent + 1, start.length + 1, width)},`;
  });
  return `{${body.join('')}${end}}`;
}

/** Short entries, as many as fit on each line. */
function fill(items: readonly string[], pad: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && pad.length + line.length + item.length + 2 > width) {
      lines.push(line);
      line = '';
    }
    line += `${line === '' ? '' : ' '}${item},`;
  }
  lines.push(line);
  return lines.map((text) => `\n${pad}${text}`).join('');
}

function isCompound(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Raw);
}

function isShorthand(name: string, value: Value): boolean {
  return value instanceof Raw && value.text === name;
}

export function oneLine(value: Value): string {
  if (value instanceof Raw) return value.text;
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return string(value);
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(oneLine).join(', ')}]`;
  const entries = Object.entries(value as Record<string, Value>);
  if (entries.length === 0) return '{}';
  const body = entries.map(([name, item]) => {
    return isShorthand(name, item) ? key(name) : `${key(name)}: ${oneLine(item)}`;
  });
  return `{ ${body.join(', ')} }`;
}
