/** What stands for a value of the plan in an expression: a variable, a number, a weight, or a call that makes it. */
import { countText } from '../../ir/count.ts';
import type { LeafNode, Node, OpNode } from '../../ir/graph.ts';
import { dependencies } from '../../ir/loops.ts';
import type { Operation } from '../../ops/record.ts';
import { ARITHMETIC, FUNCTIONS, inlineNumber, isNumber, isOfTurn } from '../../plan/numbers.ts';
import type { DrawNames, Step } from '../../plan/plan.ts';
import { isOwned, partsOf } from '../../plan/uses.ts';
import { hostNumber } from '../text/host.ts';
import { access, literal, number, Raw, string, type Value } from '../text/literal.ts';
import type { Names } from '../text/names.ts';
import type { Variables } from './variables.ts';

export interface ValuesOptions {
  readonly names: Names;
  readonly variables: Variables;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly steps: readonly Step[];
  readonly draws: DrawNames;
  /** In a routine: the text of what it is given. */
  readonly given?: ReadonlyMap<Node, string>;
}

export class Values {
  readonly #o: ValuesOptions;
  readonly #parts: ReadonlySet<Node>;
  /** Variables in scope, innermost block last. */
  readonly #scopes: Map<Node, string>[];

  constructor(options: ValuesOptions) {
    this.#o = options;
    this.#parts = partsOf(options.steps);
    this.#scopes = [new Map(options.given)];
  }

  /** Whether a value has no line of its own: it is written where it is used. */
  isPart(node: Node): boolean {
    return this.#parts.has(node);
  }

  /** A block begins, with these names; `leave` ends it. */
  enter(scope = new Map<Node, string>()): void {
    this.#scopes.push(scope);
  }

  leave(): void {
    this.#scopes.pop();
  }

  /** In this block the node is this text. */
  set(node: Node, text: string): void {
    this.#scopes.at(-1)!.set(node, text);
  }

  leafValue(node: LeafNode): string {
    const { leaf } = node;
    if (leaf.kind === 'draw') {
      const shape = node.count === null ? [...node.shape] : [countOf(node), ...node.shape];
      const dist = leaf.dist as unknown as Value;
      return `run.draw(${this.#place(node)}, ${literal(dist)}, ${literal(shape)})`;
    }
    if (leaf.kind !== 'constant') throw new Error(`${leaf.kind} is no tensor of the step's own`);
    return `tf.tensor(${this.#o.variables.constant(node)}, ${literal(leaf.value.shape as number[])})`;
  }

  /** The name of a draw; in a loop the turns belong to it: `draw_1#0/${turn}`. */
  #place(node: LeafNode): string {
    const name = string(this.#o.draws.get(node)!);
    const turns = dependencies(node).map((turn) => `/\${${this.operand(turn)}}`);
    return turns.length === 0 ? name : `\`${name.slice(1, -1)}${turns.join('')}\``;
  }

  apply(node: OpNode): string {
    if (isNumber(node)) return this.#arithmetic(node);
    const record = this.#o.operations[node.op];
    if (record?.kind !== 'primitive') throw new Error(`no lowering for ${node.op}`);
    // Elementwise operations and repetitions take numbers as they are; others get a tensor of a turn's number.
    const wants = record.lower.formula === undefined && !TAKES_NUMBERS.has(node.op);
    const wrapped = wants && node.args.some(isOfTurn);
    const args = node.args.map((arg) =>
      wrapped && isNumber(arg) ? `tf.scalar(${this.operand(arg)})` : this.operand(arg),
    );
    const text = record.lower.tfjs(args, node);
    return wrapped ? `tf.tidy(() => ${text})` : text;
  }

  #arithmetic(node: OpNode): string {
    const [a, b] = node.args.map((arg, i) => {
      const text = this.operand(arg);
      if (node.op === 'maximum' || /^(Math\.\w+|Number)\([^()]*\)$/.test(text)) return text;
      const bare = i === 0 && node.op !== 'neg' ? /^-?[\p{ID_Continue}$.]+$/u : /^[\p{ID_Continue}$.]+$/u;
      return bare.test(text) ? text : `(${text})`;
    });
    if (node.op === 'neg') return `-${a}`;
    const f = FUNCTIONS[node.op];
    if (f) return f(...node.args.map((arg) => this.operand(arg)));
    return node.op === 'maximum' ? `Math.max(${a}, ${b})` : `${a} ${ARITHMETIC[node.op]} ${b}`;
  }

  /** What stands for a node in an expression. */
  operand(node: Node): string {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const name = this.#scopes[i]!.get(node);
      if (name !== undefined) return name;
    }
    if (node.kind === 'op' && this.#parts.has(node)) return this.#arithmetic(node);
    if (node.kind === 'op') throw new Error(`${node.op} (${node.origin}) is used before it is computed`);
    const { leaf } = node;
    switch (leaf.kind) {
      case 'constant': {
        const value = inlineNumber(node);
        if (value !== null) return number(value);
        throw new Error(`the constant of ${node.origin} is used before it is made`);
      }
      case 'host':
        return hostNumber(leaf.expr);
      case 'count': {
        const text = countText(leaf.count, 'run.batch');
        return text.includes(' ') ? `(${text})` : text;
      }
      case 'state':
        return `states${access(leaf.name)}`;
      case 'source':
        return `run.samples${access(leaf.name)}`;
      case 'weight':
      case 'stat':
        return `${this.#o.variables.copy(leaf.copy)}[${string(leaf.name)}]`;
      case 'turn':
        throw new Error(`a value of ${leaf.place} is used outside of its loop`);
      case 'draw':
        throw new Error(`the draw ${leaf.place} is used before it is made`);
    }
  }

  /** A tensor that the receiver owns. */
  tensor(node: Node): string {
    if (isNumber(node)) return `tf.scalar(${this.operand(node)})`;
    return isOwned(node) ? this.operand(node) : `tf.clone(${this.operand(node)})`;
  }

  bind(node: Node, wanted: string): string {
    const name = this.#o.names.fresh(wanted);
    this.#scopes.at(-1)!.set(node, name);
    return name;
  }

  isBound(node: Node): boolean {
    return this.#scopes.some((scope) => scope.has(node));
  }
}

const TAKES_NUMBERS = new Set(['reshape', 'broadcast_to']);

function countOf(node: Node): Value {
  return typeof node.count === 'string' ? new Raw(countText(node.count, 'run.batch')) : node.count;
}
