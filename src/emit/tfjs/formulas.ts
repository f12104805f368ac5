/**
 * The formulas of an emitted module, each written once at its top under a name that says what it computes:
 *
 *   const convLeakyRelu = nn.formula('(x, bias) => leaky_relu(x + bias, 0.2)');
 *
 * Groups of the same form share one, whatever they are computed on. No text of the user's goes into a formula.
 */
import type { Node, OpNode } from '../../ir/graph.ts';
import { gradientTarget, roleOf } from '../../ir/remarks.ts';
import type { Operation } from '../../ops/record.ts';
import { isNumber } from '../../plan/numbers.ts';
import type { Step } from '../../plan/plan.ts';
import { string } from '../text/literal.ts';
import type { Names } from '../text/names.ts';
import { WIDTH, type Writer } from '../text/writer.ts';
import { broken, type FormulaNames, type FormulaText, formulaText, PLACES } from './formula.ts';

type Fuse = Extract<Step, { kind: 'fuse' }>;

export interface Formula {
  readonly name: string;
  /** What it is called with, in this order. */
  readonly operands: readonly Node[];
}

interface Known {
  readonly name: string;
  readonly text: FormulaText;
  readonly step: Fuse;
}

export class Formulas {
  readonly #names: Names;
  readonly #operations: Readonly<Record<string, Operation>>;
  /** By the text with the same names for all. */
  readonly #known = new Map<string, Known>();

  constructor(names: Names, operations: Readonly<Record<string, Operation>>) {
    this.#names = names;
    this.#operations = operations;
  }

  /** `isBackward`: whether a value is computed for a gradient's sake only. */
  of(step: Fuse, numeral: (node: Node) => string | null, isBackward: (node: Node) => boolean): Formula {
    const textWith = (names: FormulaNames) =>
      formulaText(step.nodes, step.results, this.#operations, numeral, names);
    const places = textWith(PLACES);
    const { axes, keep } = step.reduced ?? { axes: [], keep: false };
    const key = `${axes.join()} ${keep} ${places.operands.length} ${places.statements.join('; ')}`;
    let known = this.#known.get(key);
    if (!known) {
      const value = (node: Node) => valueName(node, isBackward);
      const sums = sumsOf(step);
      const operand = (node: Node) => (sums.has(node) ? `${value(sums.get(node)!)}_before` : value(node));
      // A gradient comes in as dy and leaves as dx.
      const result = (node: Node) => (value(node) === 'dy' ? 'dx' : value(node));
      const text = textWith({ operand, result, local: value });
      known = { name: this.#names.constant(formulaName(step, isBackward)), text, step };
      this.#known.set(key, known);
    }
    return { name: known.name, operands: places.operands.map(([, node]) => node) };
  }

  print(writer: Writer): void {
    if (this.#known.size === 0) return;
    writer.comment(
      'Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.',
    );
    for (const { name, text, step } of this.#known.values()) writer.line(declaration(name, text, step));
    writer.blank();
  }
}

function declaration(
  name: string,
  { operands, statements, expression }: FormulaText,
  { reduced }: Fuse,
): string {
  const open = `const ${name} = nn.formula(`;
  const rest = reduced ? `, [${reduced.axes.join(', ')}]${reduced.keep ? ', true' : ''});` : ');';
  const params = `(${operands.map(([alias]) => alias).join(', ')}) =>`;
  const flat = `${open}${string(`${params} ${expression ?? `{ ${statements.join('; ')} }`}`)}${rest}`;
  if (flat.length <= WIDTH && (expression !== null || statements.length < 3)) return flat;
  const lines = (expression === null ? statements.map((s) => `${s};`) : [expression]).flatMap((text) =>
    broken(text, WIDTH - 2 - rest.length),
  );
  const body = lines.map((line) => `\n  ${line}`).join('');
  return expression === null
    ? `${open}\`${params} {${body}\n}\`${rest}`
    : `${open}\`${params}${body}\`${rest}`;
}

/** Operands that a sum of a weight's gradients goes on from, and the sums. */
function sumsOf({ nodes }: Fuse): Map<Node, Node> {
  const members = new Set<Node>(nodes);
  const sums = new Map<Node, Node>();
  for (const node of nodes) {
    if (node.op !== 'add' || gradientTarget(node)?.kind !== 'leaf') continue;
    for (const arg of node.args) if (!members.has(arg)) sums.set(arg, node);
  }
  return sums;
}

/** What a value is called in a formula: after what it is, never after what the user calls it. */
function valueName(node: Node, isBackward: (node: Node) => boolean): string {
  if (node.kind === 'leaf') {
    const { leaf } = node;
    if (leaf.kind === 'count') return 'n';
    if (leaf.kind === 'weight' || leaf.kind === 'stat')
      return leaf.name.slice(leaf.name.lastIndexOf('/') + 1);
    return leaf.kind === 'host' || leaf.kind === 'constant' ? 'k' : 'x';
  }
  if (isNumber(node)) return roleOf(node) ?? 'k';
  const target = gradientTarget(node);
  if (target) {
    const name = valueName(target, isBackward);
    return roleOf(target) !== null || target.kind === 'leaf' ? `d_${name}` : 'dy';
  }
  const role = roleOf(node);
  if (role !== null) return role;
  if (isBackward(node)) return node.count === null ? 'd' : 'dy';
  return VALUES[node.op] ?? 'x';
}

/** By the operation that gives it. */
const VALUES: Readonly<Record<string, string>> = {
  mean: 'm',
  sum: 'total',
  rsqrt: 'inverse',
  sqrt: 'root',
  add: 'shifted',
  sub: 'difference',
  mul: 'scaled',
  div: 'scaled',
  neg: 'negative',
  square: 'squared',
  exp: 'exponential',
};

/** `convLeakyRelu`, `batchNormGradient`: after the layers, or the values outside nets, that it is part of. */
function formulaName({ nodes, results }: Fuse, isBackward: (node: Node) => boolean): string {
  const ways = new Set(results.map(isBackward));
  const kinds = new Set<string>();
  for (const node of nodes as readonly OpNode[]) {
    const kind = node.origin.slice(node.origin.lastIndexOf('/') + 1).replace(/_\d+$/, '') || node.op;
    if (!isNumber(node)) kinds.add(kind);
  }
  const said = [...kinds];
  const words = (said.length > 2 ? [said[0]!, said.at(-1)!] : said).join('_');
  const way = !ways.has(true) ? '' : ways.has(false) ? '_and_gradient' : '_gradient';
  return `${words}${way}`.replace(/_+(?=.)([\p{L}\p{N}])/gu, (_, letter: string) => letter.toUpperCase());
}
