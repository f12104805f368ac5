/**
 * The names of draws. A draw is fixed by its place, the arguments of the call that it stands in, and the latest `sample`;
 * `place#k` says the first two, and the run adds the third. Arguments are told apart by what is written, not by versions:
 * so a value that a block may have changed, and has not, keeps its draws.
 */
import type { LeafNode, Node } from '../ir/graph.ts';
import { attrsKey, type GraphBuilder } from '../ir/graph-builder.ts';
import type { DrawNames, Step } from './plan.ts';
import { dependencies } from './substitute.ts';

export function nameDraws(b: GraphBuilder, steps: readonly Step[]): DrawNames {
  const draws = drawsOf(steps).sort((p, q) => p.id - q.id);
  const expressions = new Expressions(b);
  /** By place: the calls that it stands in. */
  const calls = new Map<string, string[]>();
  const names = new Map<Node, string>();
  for (const node of draws) {
    if (node.leaf.kind !== 'draw') continue;
    const { place } = node.leaf;
    const known = calls.get(place) ?? [];
    calls.set(place, known);
    const call = node.leaf.call.map((id) => expressions.of(b.nodes[id]!)).join();
    const k = known.indexOf(call);
    names.set(node, `${place}#${k === -1 ? known.push(call) - 1 : k}`);
  }
  return names;
}

function drawsOf(steps: readonly Step[]): LeafNode[] {
  const draws = new Set<LeafNode>();
  const open = [...steps];
  for (let step = open.pop(); step; step = open.pop()) {
    if ('body' in step) open.push(...step.body);
    else if (step.kind === 'compute' && step.node.kind === 'leaf') draws.add(step.node);
  }
  return [...draws];
}

/** Numbers for nodes: equal ones for the same expression at whatever versions. */
class Expressions {
  readonly #b: GraphBuilder;
  readonly #known = new Map<Node, number>();
  readonly #numbers = new Map<string, number>();

  constructor(b: GraphBuilder) {
    this.#b = b;
  }

  of(root: Node): number {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.at(-1)!;
      const args = dependencies(this.#b, node);
      const missing = this.#known.has(node) ? [] : args.filter((arg) => !this.#known.has(arg));
      for (const arg of missing) stack.push(arg);
      if (missing.length > 0) continue;
      stack.pop();
      if (!this.#known.has(node)) this.#known.set(node, this.#number(this.#key(node, args)));
    }
    return this.#known.get(root)!;
  }

  #key(node: Node, args: readonly Node[]): string {
    const made = args.map((arg) => this.#known.get(arg)!).join();
    if (node.kind === 'op') return `${node.op}(${made})${attrsKey(node.attrs)}`;
    const { leaf } = node;
    switch (leaf.kind) {
      case 'source':
      case 'state':
        return `${leaf.kind} ${leaf.name}`;
      case 'weight':
      case 'stat':
        return `${leaf.kind} ${leaf.copy} ${leaf.name}`;
      case 'draw':
        return `draw ${leaf.place}(${made})`;
      default:
        // These have no versions.
        return `node ${node.id}`;
    }
  }

  #number(key: string): number {
    const number = this.#numbers.get(key) ?? this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }
}
