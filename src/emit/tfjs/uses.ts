/** Where a body of steps uses its values: what decides who owns a tensor, and which variables are worth making. */
import type { Node } from '../../ir/graph.ts';
import { inlineNumber, isNumber } from '../../passes/numbers.ts';
import { operandsOf, type Step } from '../../passes/plan.ts';

/** Nodes that a step reads when it is executed (a block reads nothing itself; `free` is no use). */
export function reads(step: Step): readonly Node[] {
  switch (step.kind) {
    case 'compute':
      return step.node.kind === 'op' ? step.node.args : [];
    case 'fuse':
      return operandsOf(step);
    case 'update':
      return step.gradients;
    case 'move':
      return step.values;
    case 'log':
      return [step.value];
    default:
      return [];
  }
}

export function inner(step: Step): readonly Step[] | null {
  return step.kind === 'repeat' || step.kind === 'when' ? step.body : null;
}

/** Every step, blocks before what they hold, in the order of the text. */
export function* walk(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    const body = inner(step);
    if (body) yield* walk(body);
  }
}

/** Whether emitted code makes this tensor, and so has to free it. */
export function isOwned(node: Node): boolean {
  if (node.kind === 'op') return !isNumber(node);
  return node.leaf.kind === 'draw' || (node.leaf.kind === 'constant' && inlineNumber(node) === null);
}

/** All that a value is made from, itself included. */
export function ancestors(roots: Iterable<Node>): Set<Node> {
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') open.push(...node.args);
  }
  return seen;
}

/**
 * The steps at which each node is read, by position in `walk` order, and the loops around it: a value made outside a
 * loop is needed again by the loop's next round.
 */
export class Uses {
  readonly #last = new Map<Node, number>();
  readonly #position = new Map<Step, number>();
  readonly #loop = new Map<Step, Step | null>();
  readonly #made = new Map<Node, Step | null>();
  /** Numbers that one other number of the same block is made from, and nothing else. */
  readonly #parts = new Set<Node>();

  constructor(steps: readonly Step[], result?: Node) {
    let count = 0;
    const readers = new Map<Node, Step[]>();
    const visit = (list: readonly Step[], loop: Step | null) => {
      for (const step of list) {
        this.#position.set(step, count);
        this.#loop.set(step, loop);
        for (const node of reads(step)) {
          this.#last.set(node, count);
          readers.set(node, [...(readers.get(node) ?? []), step]);
        }
        if (step.kind === 'compute') this.#made.set(step.node, loop);
        else if (step.kind === 'fuse') for (const node of step.results) this.#made.set(node, loop);
        count++;
        const body = inner(step);
        if (body) visit(body, step.kind === 'repeat' ? step : loop);
      }
      for (const step of list) {
        if (step.kind !== 'compute' || !isNumber(step.node)) continue;
        const [reader, other] = readers.get(step.node) ?? [];
        if (reader?.kind === 'compute' && !other && isNumber(reader.node) && list.includes(reader))
          this.#parts.add(step.node);
      }
    };
    visit(steps, null);
    if (result) this.#last.set(result, count);
  }

  /** Whether a number is best written where it is used: it needs no name. */
  isPart(node: Node): boolean {
    return this.#parts.has(node);
  }

  /** True if nothing reads the node after this step has run. */
  endsAt(node: Node, step: Step): boolean {
    return this.#last.get(node) === this.#position.get(step) && this.#made.get(node) === this.#loop.get(step);
  }
}
