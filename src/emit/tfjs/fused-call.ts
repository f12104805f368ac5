/** `const { y } = nn.fused('y = relu(x + bias)', { x, bias: w['…'] })`, on one line or laid out over several. */
import type { Reduced } from '../../plan/group.ts';
import { string } from '../text/literal.ts';

export interface FusedCall {
  /** Variables of the results. */
  readonly results: readonly string[];
  readonly statements: readonly string[];
  /** The formula's names for what it reads, and the JavaScript of that. */
  readonly operands: ReadonlyMap<string, string>;
  readonly reduced: Reduced | null;
}

export function fusedCall({ results, statements, operands, reduced }: FusedCall, room: number): string {
  const given = [...operands].map(([name, text]) => (name === text ? name : `${name}: ${text}`));
  const rest = reduced ? [`[${reduced.axes.join(', ')}]`, ...(reduced.keep ? ['true'] : [])] : [];
  const short = [string(statements.join('; ')), `{ ${given.join(', ')} }`, ...rest].join(', ');
  const flat = `const { ${results.join(', ')} } = nn.fused(${short});`;
  if (flat.length <= room) return flat;
  const single = statements.length === 1 && statements[0]!.length + 5 <= room;
  const lines = statements.flatMap((statement) => broken(`${statement};`, room - 4));
  const formula = single
    ? string(statements[0]!)
    : `\`\n${lines.map((line) => `    ${line}\n`).join('')}  \``;
  const parts = [formula, list(given, '  ', room), ...rest];
  return `const ${list(results, '', room)} = nn.fused(\n${parts.map((part) => `  ${part},\n`).join('')});`;
}

function list(items: readonly string[], indent: string, room: number): string {
  const line = `{ ${items.join(', ')} }`;
  if (indent.length + line.length < room) return line;
  return `{\n${items.map((item) => `${indent}  ${item},\n`).join('')}${indent}}`;
}

/** A long formula on several lines: each breaks before the operator, or after the comma, that binds least. */
function broken(text: string, room: number): string[] {
  if (text.length <= room) return [text];
  let best = 0;
  let strength = Infinity;
  let depth = 0;
  for (let i = 0; i < room; i++) {
    const c = text[i]!;
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ' ' && i > room / 3) {
      const sum = /^ [-+] /.test(text.slice(i, i + 3));
      const product = /^ [*/] /.test(text.slice(i, i + 3));
      if (!sum && !product && text[i - 1] !== ',') continue;
      const own = 2 * depth + (product ? 1 : 0);
      if (own <= strength) [best, strength] = [i, own];
    }
  }
  if (best === 0) return [text];
  const next = broken(text.slice(best + 1), room - 2);
  return [
    text.slice(0, best),
    ...next.map((line, k) => (k === 0 || !line.startsWith('  ') ? `  ${line}` : line)),
  ];
}
