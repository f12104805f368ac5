/**
 * Which way an update pulls at what a net says: ∂objective/∂N(…), by the gradients that training itself takes, worked out
 * in float64 at values drawn at random. So it does not matter how a loss is written.
 */

import type { LeafNode, Node } from '../ir/graph.ts';
import { createBuilder } from '../ir/graph-builder.ts';
import { evaluate } from '../ir/interpret.ts';
import { sizeOf } from '../ir/ndarray.ts';
import { crossesBatch } from '../model/holds.ts';
import type { ResultTerm, Term, UpdateAction } from '../model/model.ts';
import { operandsOf } from '../model/walk.ts';
import { noLayer } from '../ops/no-layer.ts';
import type { Interval, Operation } from '../ops/record.ts';
import { gradient } from '../plan/differentiate.ts';
import type { Ranges } from './ranges.ts';
import { inOrder } from './terms.ts';

const EXAMPLES = 2;
const DRAWS = 32;
/** Of a picture each pixel is a draw: so many numbers of the largest value are enough, from two draws at least. */
const ENOUGH = 1 << 15;
/** Values larger than this are not looked at: a logit is small. */
const LARGEST = 1 << 14;

/** At each entry of each draw: what the net said there, and the slope of the objective by it (down is where it goes). */
export interface Pull {
  readonly term: ResultTerm;
  readonly values: readonly number[];
  readonly slopes: readonly number[];
}

export class Pulls {
  readonly #ranges: Ranges;
  readonly #operations: Readonly<Record<string, Operation>>;
  readonly #keys = new Map<Term, string>();
  readonly #texts = new Map<string, string>();
  #next = 0;
  readonly #known = new Map<UpdateAction, Map<string, ReadonlyMap<string, Pull>>>();

  constructor(ranges: Ranges, operations: Readonly<Record<string, Operation>>) {
    this.#ranges = ranges;
    this.#operations = operations;
  }

  /** The results of `net`'s own calls in an objective, by key, outside of gradients of it. */
  of(update: UpdateAction, net: string): ReadonlyMap<string, Pull> {
    const known = this.#known.get(update) ?? new Map<string, ReadonlyMap<string, Pull>>();
    this.#known.set(update, known);
    const pulls = known.get(net) ?? this.#worked(update, net);
    known.set(net, pulls);
    return pulls;
  }

  #worked({ objective, direction }: UpdateAction, net: string): ReadonlyMap<string, Pull> {
    const results = new Map<Term, ResultTerm>();
    const depends = new Set<Term>();
    const order = inOrder([objective]);
    for (const term of order) {
      if (term.kind === 'result' && term.call.net === net && term.call.variant === 'self') {
        results.set(term, term);
        depends.add(term);
      } else if (term.kind === 'op' && term.args.some((arg) => depends.has(arg))) depends.add(term);
    }
    const pulls = new Map<string, Pull>();
    // A graph of a few examples cannot hold an axis as long as the batch.
    if (!depends.has(objective) || order.some(crossesBatch)) return pulls;
    const largest = order.reduce((most, t) => (depends.has(t) ? Math.max(most, sizeOf(t.shape)) : most), 1);
    if (largest > LARGEST) return pulls;
    const draws = Math.max(2, Math.min(DRAWS, Math.floor(ENOUGH / largest)));

    const b = createBuilder(this.#operations);
    const made = new Map<Term, Node>();
    const leaves = new Map<LeafNode, Interval>();
    const leaf = (term: Term, key: string): Node => {
      const node = b.leaf({ kind: 'source', name: key, version: 0 }, term.shape, term.batch ? 'batch' : null);
      leaves.set(node, this.#ranges.of(term));
      return node;
    };
    let uniforms = 0;
    const uniform = (shape: readonly number[]): Node => {
      const node = b.leaf({ kind: 'source', name: `draw ${uniforms++}`, version: 0 }, shape, 'batch');
      leaves.set(node, { lo: 0, hi: 1 });
      return node;
    };
    const found = new Map<string, { term: ResultTerm; node: LeafNode }>();
    for (const term of order) {
      const result = results.get(term);
      if (result) {
        const key = this.key(result);
        const node = leaf(term, key) as LeafNode;
        found.set(key, { term: result, node });
        made.set(term, node);
      } else if (term.kind === 'op' && depends.has(term)) {
        const args = term.args.map((arg) => made.get(arg) ?? this.#given(b, arg, leaf));
        made.set(term, b.expand(term.op, args, term.attrs, { ...noLayer, training: true, uniform }));
      }
    }
    const wanted = [...found.values()].map(({ node }) => node);
    const slopes = gradient(b, made.get(objective)!, wanted);
    const values = new Map(wanted.map((node) => [node, [] as number[]]));
    const downhill = new Map(wanted.map((node) => [node, [] as number[]]));
    const sign = direction === 'minimize' ? 1 : -1;
    for (let draw = 0; draw < draws; draw++) {
      const known = evaluate(
        slopes,
        (of, node) => {
          const name = of.kind === 'source' ? of.name : '';
          const shape = node.count === null ? node.shape : [EXAMPLES, ...node.shape];
          const data = drawn(`${draw} ${name}`, sizeOf(shape), leaves.get(node) ?? { lo: 0, hi: 1 });
          return { shape, data };
        },
        { batch: EXAMPLES },
      );
      for (const [i, node] of wanted.entries()) {
        const shape = node.count === null ? node.shape : [EXAMPLES, ...node.shape];
        const name = node.leaf.kind === 'source' ? node.leaf.name : '';
        for (const value of drawn(`${draw} ${name}`, sizeOf(shape), leaves.get(node)!))
          values.get(node)!.push(value);
        for (const slope of known.get(slopes[i]!)!.data) downhill.get(node)!.push(sign * slope);
      }
    }
    for (const [key, { term, node }] of found) {
      const own = downhill.get(node)!;
      if (own.every(Number.isFinite) && own.some((slope) => slope !== 0))
        pulls.set(key, { term, values: values.get(node)!, slopes: own });
    }
    return pulls;
  }

  /** A value on which no result of the net has a say. */
  #given(b: ReturnType<typeof createBuilder>, term: Term, leaf: (term: Term, key: string) => Node): Node {
    if (term.kind === 'constant') {
      return b.leaf({ kind: 'constant', value: term.value }, term.value.shape, null);
    }
    if (term.kind === 'host' && term.expr.kind === 'number') return b.scalar(term.expr.value);
    return leaf(term, this.key(term));
  }

  /**
   * The same for values that are the same whatever the weights are: an operation or a call that is written twice. A stopped
   * gradient does not change a value.
   */
  key(term: Term): string {
    for (const part of inOrder([term], (t) => this.#keys.has(t))) this.#keys.set(part, this.#keyOf(part));
    return this.#keys.get(term)!;
  }

  #keyOf(term: Term): string {
    const keys = (args: readonly Term[]) => args.map((arg) => this.#keys.get(arg)).join();
    let text = '';
    if (term.kind === 'op' && term.op === 'stop') return this.#keys.get(term.args[0]!)!;
    if (term.kind === 'op' && term.place === null) {
      text = `${term.op}(${keys(term.args)}) ${JSON.stringify(term.attrs)}`;
    } else if (term.kind === 'result') {
      const { net, variant, body } = term.call;
      text = `${net}.${variant} ${body} ${term.index} (${keys(operandsOf(term))})`;
    } else if (term.kind === 'constant' && term.value.data.length === 1) {
      text = `${term.value.data[0]} [${term.shape}]`;
    }
    const key = (text === '' ? undefined : this.#texts.get(text)) ?? `t${this.#next++}`;
    if (text !== '') this.#texts.set(text, key);
    return key;
  }
}

/** Numbers of a value in its range: uniform where that is bounded, else normal around its bound, or 0. */
function drawn(name: string, n: number, { lo, hi }: Interval): Float64Array {
  const next = random(name);
  return Float64Array.from({ length: n }, () => {
    if (Number.isFinite(lo) && Number.isFinite(hi)) return lo + (hi - lo) * next();
    const normal = 2 * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
    if (Number.isFinite(lo)) return lo + Math.abs(normal);
    return Number.isFinite(hi) ? hi - Math.abs(normal) : normal;
  });
}

/** Numbers in [0, 1) that a text fixes. Steele & Vigna's SplitMix, its 32-bit form. */
function random(text: string): () => number {
  let state = 0;
  for (const c of text) state = (Math.imul(state, 31) + c.codePointAt(0)!) | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}
