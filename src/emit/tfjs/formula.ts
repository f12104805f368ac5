/** A group of elementwise operations and reductions as the text of a formula (runtimes/core/formula/fused.ts). */
import type { Node, OpNode } from '../../ir/graph.ts';
import type { Operation } from '../../ops/record.ts';

export interface FormulaText {
  /** Its parameters, and the nodes that they stand for. */
  readonly operands: readonly (readonly [name: string, node: Node])[];
  /** `let c = x - m`, `y = relu(c * scale)`: one a line. */
  readonly statements: readonly string[];
  /** What the only statement gives; null where there are several. */
  readonly expression: string | null;
}

/** What the values of a formula are called in it; equal names are told apart by numbers. */
export interface FormulaNames {
  readonly operand: (node: Node) => string;
  readonly result: (node: OpNode) => string;
  readonly local: (node: OpNode) => string;
}

/** The same names for all formulas of one form, so that their texts are equal. */
export const PLACES: FormulaNames = { operand: () => 'o', result: () => 'r', local: () => 't' };

/** Names for values that are called as operations are. */
const OTHERWISE: Readonly<Record<string, string>> = { mean: 'mu', sum: 'total' };

/** How tightly an operation of a formula binds; calls and names most. */
const PRECEDENCE: Readonly<Record<string, number>> = { add: 1, sub: 1, mul: 2, div: 2, neg: 3 };
const TIGHTEST = 4;

interface Text {
  readonly text: string;
  readonly binds: number;
}

/** `numeral` gives the text of an operand that is a plain number, and null for others. */
export function formulaText(
  nodes: readonly OpNode[],
  results: readonly OpNode[],
  operations: Readonly<Record<string, Operation>>,
  numeral: (node: Node) => string | null,
  names: FormulaNames,
): FormulaText {
  const uses = new Map<Node, number>();
  for (const node of nodes) for (const arg of node.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
  const members = new Set<Node>(nodes);
  // A value is not called as an operation is that the formula applies: `mean = mean(x)` reads badly.
  const applied = new Set<string>(nodes.map((node) => node.op));
  const taken = new Set<string>(applied);
  const fresh = (given: string): string => {
    const wanted = applied.has(given) ? (OTHERWISE[given] ?? `${given}_`) : given;
    let name = wanted;
    for (let k = 2; taken.has(name); k++) name = `${wanted}${k}`;
    taken.add(name);
    return name;
  };

  const texts = new Map<Node, Text>();
  const operands: [string, Node][] = [];
  for (const node of nodes) {
    for (const arg of node.args) {
      if (members.has(arg) || texts.has(arg)) continue;
      const text = numeral(arg);
      if (text !== null) {
        texts.set(arg, { text, binds: text.startsWith('-') ? PRECEDENCE.neg! : TIGHTEST });
        continue;
      }
      const alias = fresh(names.operand(arg));
      operands.push([alias, arg]);
      texts.set(arg, name(alias));
    }
  }
  const only = results.length === 1 ? results[0]! : null;
  for (const node of results) texts.set(node, name(fresh(node === only ? 'y' : names.result(node))));

  const statements: string[] = [];
  let given = '';
  for (const node of nodes) {
    const { text, binds } = expression(node);
    const known = texts.get(node);
    if (node === only) given = text;
    if (known) statements.push(`${known.text} = ${text}`);
    else if (uses.get(node) === 1) texts.set(node, { text, binds });
    else {
      const local = fresh(names.local(node));
      statements.push(`let ${local} = ${text}`);
      texts.set(node, name(local));
    }
  }
  return { operands, statements, expression: only && statements.length === 1 ? given : null };

  function expression(node: OpNode): Text {
    const record = operations[node.op];
    if (record?.kind !== 'primitive') throw new Error(`${node.op} has no formula`);
    const { formula, reduces } = record.lower;
    if (reduces) return { text: `${node.op}(${texts.get(node.args[0]!)!.text})`, binds: TIGHTEST };
    if (!formula) throw new Error(`${node.op} has no formula`);
    const binds = PRECEDENCE[node.op] ?? TIGHTEST;
    const args = node.args.map((arg, i) => {
      const { text, binds: inner } = texts.get(arg)!;
      // Left operands of the same strength need no parentheses, right ones do.
      const loose =
        binds < TIGHTEST && (inner < binds || (inner === binds && (i === 1 || node.op === 'neg')));
      return loose ? `(${text})` : text;
    });
    return { text: formula(args, node), binds };
  }
}

const name = (text: string): Text => ({ text, binds: TIGHTEST });

/** Text without a place of its own: how a line too long is broken, before the operator or after the comma that binds least. */
export function broken(text: string, room: number): string[] {
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
