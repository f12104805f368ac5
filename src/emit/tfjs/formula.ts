/** A group of elementwise operations and reductions as the text of a formula (runtimes/core/formula/fused.ts). */
import type { Node, OpNode } from '../../ir/graph.ts';
import type { Operation } from '../../ops/record.ts';
import { isIdentifier } from '../text/literal.ts';
import { identifier } from '../text/names.ts';

export interface ChainText {
  /** `let c = x - mean`, `y = relu(c * scale)`: one a line. */
  readonly statements: readonly string[];
  /** The formula's names for what it reads; a name that is its own text is a variable. */
  readonly operands: ReadonlyMap<string, string>;
}

/** How tightly an operation of a formula binds; calls and names most. */
const PRECEDENCE: Readonly<Record<string, number>> = { add: 1, sub: 1, mul: 2, div: 2, neg: 3 };
const TIGHTEST = 4;

interface Text {
  readonly text: string;
  readonly binds: number;
}

/** `operand` gives the JavaScript of what the chain reads, `resultName` the variable of a value that it gives. */
export function chainText(
  nodes: readonly OpNode[],
  results: ReadonlySet<Node>,
  operations: Readonly<Record<string, Operation>>,
  operand: (node: Node) => string,
  resultName: (node: OpNode) => string,
): ChainText {
  const uses = new Map<Node, number>();
  for (const node of nodes) for (const arg of node.args) uses.set(arg, (uses.get(arg) ?? 0) + 1);
  const members = new Set<Node>(nodes);
  const taken = new Set<string>();
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let k = 2; taken.has(name); k++) name = `${wanted}${k}`;
    taken.add(name);
    return name;
  };

  const texts = new Map<Node, Text>();
  const operands = new Map<string, string>();
  for (const node of nodes) if (results.has(node)) texts.set(node, name(fresh(resultName(node))));
  for (const node of nodes) {
    for (const arg of node.args) {
      if (members.has(arg) || texts.has(arg)) continue;
      const text = operand(arg);
      if (/^-?[\d.]+(e[-+]?\d+)?$/.test(text)) {
        texts.set(arg, { text, binds: text.startsWith('-') ? PRECEDENCE.neg! : TIGHTEST });
        continue;
      }
      const alias = fresh(isIdentifier(text) ? text : identifier(shortName(arg)));
      operands.set(alias, text);
      texts.set(arg, name(alias));
    }
  }

  const statements: string[] = [];
  for (const node of nodes) {
    const { text, binds } = expression(node);
    const known = texts.get(node);
    if (known) statements.push(`${known.text} = ${text}`);
    else if (uses.get(node) === 1) texts.set(node, { text, binds });
    else {
      const local = fresh(node.op);
      statements.push(`let ${local} = ${text}`);
      texts.set(node, name(local));
    }
  }
  return { statements, operands };

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

/** `gamma` for the weight `D/batch_norm_1/gamma`; what has no name is a number of the host's. */
function shortName(node: Node): string {
  if (node.kind !== 'leaf') return 'k';
  const { leaf } = node;
  switch (leaf.kind) {
    case 'weight':
    case 'stat':
      return leaf.name.slice(leaf.name.lastIndexOf('/') + 1);
    case 'source':
    case 'state':
      return leaf.name;
    case 'count':
      return 'n';
    default:
      return 'k';
  }
}
