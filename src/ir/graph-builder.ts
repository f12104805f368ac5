/**
 * The builder of graphs: types each node by its operation's record, gives equal nodes one identity, folds constants and
 * applies the records' local algebra. Every step looks at a node's arguments only, so building is linear.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import { isProblem } from '../diagnostics/table.ts';
import type { BuildContext, Operation, Primitive } from '../ops/record.ts';
import type { Budget } from './budget.ts';
import type { Builder } from './builder.ts';
import type { Leaf, LeafNode, Node, OpNode, Region } from './graph.ts';
import { dependencies, type LoopNode, leavesOfTurn, partType, splitByTurn } from './loops.ts';
import { sameShape, scalarArray, sizeOf } from './ndarray.ts';
import type { Attr, Attrs, Count, NDArray, Shape, Shaped } from './types.ts';

export interface GraphBuilder extends Builder {
  /** All nodes in the order of their ids; `nodes[i].id` is `i`. */
  readonly nodes: readonly Node[];
  readonly operations: Readonly<Record<string, Operation>>;
  /** Says a composite operation in primitives; a primitive is `op`. */
  expand(op: string, args: readonly Node[], attrs: Attrs, context: BuildContext): Node;
  /** A loop; sequences that no turn reads are left out. Of its results `part` takes one. */
  loop(parts: LoopParts): LoopNode;
  part(loop: LoopNode, index: number): Node;
}

export interface LoopParts {
  readonly turns: number;
  readonly reverse: boolean;
  readonly position: LeafNode;
  /** `start` and `next` may be whole where `turn` is per example: they are repeated. */
  readonly carried: readonly { readonly start: Node; readonly turn: LeafNode; readonly next: Node }[];
  readonly scanned: readonly { readonly sequence: Node; readonly turn: LeafNode }[];
  readonly collected: readonly Node[];
}

/** Constants up to this many numbers are worked out by the compiler. */
const FOLD_LIMIT = 4096;

const nowhere: Span = { file: '', start: 0, end: 0 };

/** A node without what it gets from where it is made. */
type Unplaced<N extends Node> = Omit<N, 'id' | 'span' | 'origin' | 'derived'>;

export interface BuilderOptions {
  /** Without it every operation asked for becomes a node: what a value depends on is then what its text names. */
  readonly simplify?: boolean;
  /** What several graphs may hold together. */
  readonly budget?: Budget;
}

export function createBuilder(
  operations: Readonly<Record<string, Operation>>,
  { simplify = true, budget }: BuilderOptions = {},
): GraphBuilder {
  const nodes: Node[] = [];
  /** By key: what was asked for, to the node that stands for it (which may be a simpler one). */
  const known = new Map<string, Node>();
  let span = nowhere;
  let origin = '';
  let derived = 0;

  function primitive(op: string): Primitive {
    const record = operations[op];
    if (record === undefined) throw new Error(`internal: there is no operation ${op}`);
    if (record.kind !== 'primitive') throw new Error(`internal: ${op} is a ${record.kind}, not a node`);
    return record;
  }

  function op(name: string, given: readonly Node[], attrs: Attrs = {}): Node {
    const record = primitive(name);
    const args = record.elementwise ? aligned(unrepeated(record, given, attrs)) : given;
    const key = `${name}(${args.map((a) => a.id).join()})${attrsKey(attrs)}`;
    budget?.request(span);
    const before = known.get(key);
    if (before !== undefined) return before;

    const types = args.map(typeOf);
    const shape = record.shape(types, attrs);
    if (isProblem(shape)) {
      const operands = types.map((t) => `${t.batch ? 'batch×' : ''}[${t.shape}]`).join(', ');
      throw new Error(`internal: ${name}(${operands}) ${attrsKey(attrs)} is refused: ${shape.code}`);
    }
    const batch = record.batch ? record.batch(types, attrs) : types.some((t) => t.batch);
    const count = batch ? commonCount(record, name, args, attrs) : null;

    const simple = simplify ? simplified(record, name, args, attrs, shape, count) : null;
    if (simple !== null && (!sameShape(simple.shape, shape) || simple.count !== count)) {
      throw new Error(
        `internal: simplifying ${name} changed its type from ${count}×[${shape}] to ${simple.count}×[${simple.shape}]`,
      );
    }
    const node = simple ?? push<OpNode>({ kind: 'op', op: name, args, attrs, shape, count });
    known.set(key, node);
    return node;
  }

  function simplified(
    record: Primitive,
    name: string,
    args: readonly Node[],
    attrs: Attrs,
    shape: Shape,
    count: Count | null,
  ): Node | null {
    return (
      record.simplify?.(builder, args, attrs) ??
      (record.elementwise ? repeatedResult(name, args, attrs, shape, count) : null) ??
      (record.elementwise && count === null ? withOnesLater(name, args, attrs, shape) : null) ??
      fold(record, name, args, attrs, shape, count)
    );
  }

  function push<N extends Node>(unplaced: Unplaced<N>): N {
    budget?.node(span);
    const node = { ...unplaced, id: nodes.length, span, origin, derived } as unknown as N;
    nodes.push(node);
    return node;
  }

  /** The node of this key, which is made where there is none yet. */
  function unique<N extends Node>(key: string, make: () => Unplaced<N>): N {
    budget?.request(span);
    const node = known.get(key) ?? push(make());
    known.set(key, node);
    return node as N;
  }

  function leaf(value: Leaf, shape: Shape, count: Count | null): LeafNode {
    return unique(`leaf ${leafKey(value)}:${count}×${shape.join()}`, () => ({
      kind: 'leaf',
      leaf: value,
      shape,
      count,
    }));
  }

  function constant(value: NDArray): LeafNode {
    return leaf({ kind: 'constant', value }, value.shape, null);
  }

  /** Operands that broadcast by themselves need not be repeated first. */
  function unrepeated(record: Primitive, args: readonly Node[], attrs: Attrs): readonly Node[] {
    if (args.length < 2 || args.every((a) => narrower(a) === null)) return args;
    const count = args.find((a) => a.count !== null)?.count ?? null;
    const shape = record.shape(args.map(typeOf), attrs);
    const result = [...args];
    for (const [i, a] of args.entries()) {
      for (let last = a, next = narrower(a); next !== null; next = narrower(next)) {
        result[i] = next;
        const narrow = record.shape(result.map(typeOf), attrs);
        const counted = count === null || result.some((r) => r.count !== null);
        if (isProblem(narrow) || isProblem(shape) || !sameShape(narrow, shape) || !counted) {
          result[i] = last;
          break;
        }
        last = next;
      }
    }
    return result;
  }

  /** What a value is a repetition of: an explicit one, or a constant that is one number everywhere. */
  function narrower(a: Node): Node | null {
    if (a.kind === 'op') return isRepeated(a) ? a.args[0]! : withoutOnes(a);
    if (a.leaf.kind !== 'constant' || a.shape.length === 0) return null;
    const value = splat(a);
    return value === null ? null : builder.scalar(value);
  }

  /** Inserts ones behind the batch axis, so that the operands' axes meet as NumPy aligns them. */
  function aligned(args: readonly Node[]): readonly Node[] {
    if (args.every((a) => a.count === null)) return args;
    const rank = Math.max(...args.map((a) => a.shape.length));
    if (args.every((a) => a.count === null || a.shape.length === rank)) return args;
    return args.map((a) =>
      a.count === null || a.shape.length === rank
        ? a
        : builder.reshape(a, [...new Array<number>(rank - a.shape.length).fill(1), ...a.shape]),
    );
  }

  /** An elementwise operation on repetitions of one value (and on numbers) is the repetition of one operation. */
  function repeatedResult(
    name: string,
    args: readonly Node[],
    attrs: Attrs,
    shape: Shape,
    count: Count | null,
  ) {
    const repeated = args.find(isRepeated);
    if (repeated === undefined) return null;
    const { shape: narrow, count: narrowCount } = repeated.args[0]!;
    const sources: Node[] = [];
    for (const a of args) {
      const source = narrower(a) ?? a;
      const same = sameShape(source.shape, narrow) && source.count === narrowCount;
      if (!same && !(source.count === null && source.shape.length === 0)) return null;
      sources.push(source);
    }
    return builder.broadcast(op(name, sources, attrs), shape, count);
  }

  /** An elementwise operation on whole values with ones put before their axes (and on numbers) comes before the ones. */
  function withOnesLater(name: string, args: readonly Node[], attrs: Attrs, shape: Shape): Node | null {
    const sources = args.map((a) => withoutOnes(a) ?? (isScalar(a) ? a : null));
    const first = sources.find((s) => s !== null && !isScalar(s));
    if (!first || !sources.every((s) => s !== null && (isScalar(s) || sameShape(s.shape, first.shape))))
      return null;
    return builder.reshape(op(name, sources as Node[], attrs), shape);
  }

  /** Works out a node whose arguments are all constants. Repetition is left to the run: it only makes constants larger. */
  function fold(
    record: Primitive,
    name: string,
    args: readonly Node[],
    attrs: Attrs,
    shape: Shape,
    count: Count | null,
  ): LeafNode | null {
    if (count !== null || args.length === 0 || name === 'broadcast_to') return null;
    if (sizeOf(shape) > FOLD_LIMIT) return null;
    const values: NDArray[] = [];
    for (const a of args) {
      if (a.kind !== 'leaf' || a.leaf.kind !== 'constant' || a.leaf.value.data.length > FOLD_LIMIT)
        return null;
      values.push(a.leaf.value);
    }
    return constant(
      record.reference(values, {
        kind: 'op',
        op: name,
        args,
        attrs,
        shape,
        count,
        id: -1,
        span,
        origin,
        derived,
      }),
    );
  }

  const node = (a: Node | number): Node => (typeof a === 'number' ? builder.scalar(a) : a);

  const builder: GraphBuilder = {
    nodes,
    operations,
    at(atSpan, atOrigin, f, atDerived = 0) {
      const [outerSpan, outerOrigin, outerDerived] = [span, origin, derived];
      span = atSpan;
      origin = atOrigin;
      derived = atDerived;
      try {
        return f();
      } finally {
        span = outerSpan;
        origin = outerOrigin;
        derived = outerDerived;
      }
    },
    op,
    leaf,
    scalar: (value) => constant(scalarArray(value)),
    expand(name, args, attrs, context) {
      const record = operations[name];
      if (record?.kind === 'composite') return record.build(builder, args, attrs, context);
      return op(name, args, attrs);
    },

    loop(parts) {
      const { turns, reverse, position, collected } = parts;
      const wide = (a: Node, turn: LeafNode) => builder.broadcast(a, turn.shape, turn.count);
      const carried = parts.carried.map(({ turn }) => turn);
      const starts = parts.carried.map(({ start, turn }) => wide(start, turn));
      const next = parts.carried.map((one) => wide(one.next, one.turn));
      const roots = [...next, ...collected];
      const all = leavesOfTurn({ position, carried, scanned: parts.scanned.map(({ turn }) => turn) });
      if (new Set(all).size < all.length) throw new Error('internal: a turn is given one leaf twice');
      const { inside, captured } = splitByTurn(roots, all);
      const read = new Set([...roots, ...inside.flatMap(dependencies)]);
      const scanned = parts.scanned.filter(({ turn }) => read.has(turn));
      const sequences = scanned.map(({ sequence }) => sequence);
      const leaves = scanned.map(({ turn }) => turn);
      const args = [...starts, ...sequences, ...captured];
      const attrs: Attrs = { turns, reverse, carried: carried.length, scanned: scanned.length };
      const ids = [[position], carried, leaves, next, collected, args].map((list) =>
        list.map((n) => n.id).join(),
      );
      const key = `loop ${ids.join(';')}${attrsKey(attrs)}`;
      return unique<LoopNode>(key, () => {
        const region: Region = {
          turns,
          reverse,
          position,
          carried,
          scanned: leaves,
          next,
          collected,
          inside,
        };
        return { kind: 'op', op: 'loop', args, attrs, region, ...partType(region, 0) };
      });
    },
    part: (loop, index) =>
      unique<OpNode>(`part ${loop.id} ${index}`, () => ({
        kind: 'op',
        op: 'part',
        args: [loop],
        attrs: { index },
        ...partType(loop.region, index),
      })),

    add: (a, b) => op('add', [a, node(b)]),
    sub: (a, b) => op('sub', [node(a), node(b)]),
    mul: (a, b) => op('mul', [a, node(b)]),
    div: (a, b) => op('div', [node(a), node(b)]),
    neg: (a) => op('neg', [a]),
    exp: (a) => op('exp', [a]),
    log: (a) => op('log', [a]),
    square: (a) => op('square', [a]),
    sqrt: (a) => op('sqrt', [a]),
    rsqrt: (a) => op('rsqrt', [a]),
    sum: (a, options = {}) => op('sum', [a], reduction(a, options)),
    mean: (a, options = {}) => op('mean', [a], reduction(a, options)),
    reshape(a, shape) {
      if (sameShape(a.shape, shape)) return a;
      const source = isRepeated(a) ? a.args[0]! : null;
      // One number repeated, or one example, is repeated to the new shape at once.
      if (source && sizeOf(source.shape) === 1) {
        return builder.broadcast(builder.reshape(source, []), shape, a.count);
      }
      if (source && sameShape(source.shape, a.shape)) {
        return builder.broadcast(builder.reshape(source, shape), shape, a.count);
      }
      return op('reshape', [a], { shape });
    },
    broadcast(a, shape, count) {
      if (sameShape(a.shape, shape) && a.count === count) return a;
      const lead = shape.length - a.shape.length;
      const wide =
        a.count !== null && lead > 0
          ? builder.reshape(a, [...new Array<number>(lead).fill(1), ...a.shape])
          : a;
      return op('broadcast_to', [wide], { shape, count });
    },
    unbroadcast(a, target) {
      const lead = a.shape.length - target.shape.length;
      const axes: number[] = [];
      for (const [i, d] of a.shape.entries()) {
        if (i < lead || (target.shape[i - lead] === 1 && d !== 1)) axes.push(i);
      }
      const batch = a.count !== null && target.count === null;
      if (axes.length === 0 && !batch) return builder.reshape(a, target.shape);
      const keep = lead === 0 && !batch;
      return builder.reshape(builder.sum(a, { axes, keep, batch }), target.shape);
    },
    full: (shape, count, value) => builder.broadcast(builder.scalar(value), shape, count),
    transpose: (a, axes) => (axes.every((axis, i) => axis === i) ? a : op('transpose', [a], { axes })),
    slice: (a, axis, from, to) =>
      from === 0 && to === a.shape[axis] ? a : op('slice', [a], { axis, from, to }),
    concat: (args, axis) => (args.length === 1 ? args[0]! : op('concat', args, { axis })),
    matmul: (a, b, options = {}) =>
      op('matmul', [a, b], {
        transposeA: options.transposeA ?? false,
        transposeB: options.transposeB ?? false,
      }),
  };
  return builder;
}

function reduction(a: Node, options: { axes?: readonly number[]; keep?: boolean; batch?: boolean }): Attrs {
  return {
    axes: options.axes ?? a.shape.map((_, i) => i),
    keep: options.keep ?? false,
    batch: (options.batch ?? false) && a.count !== null,
  };
}

function isRepeated(node: Node): node is OpNode {
  return node.kind === 'op' && node.op === 'broadcast_to';
}

/** The value of which a whole one is the reshape with ones before its axes: broadcasting puts them there by itself. */
function withoutOnes(node: Node): Node | null {
  if (node.kind !== 'op' || node.op !== 'reshape' || node.count !== null) return null;
  const from = node.args[0]!;
  const more = node.shape.length - from.shape.length;
  if (more <= 0 || from.shape.length === 0 || !sameShape(node.shape.slice(more), from.shape)) return null;
  return node.shape.slice(0, more).every((n) => n === 1) ? from : null;
}

function isScalar(node: Node): boolean {
  return node.count === null && node.shape.length === 0;
}

function typeOf(node: Node): Shaped {
  return { shape: node.shape, batch: node.count !== null };
}

/** An attribute `count` says it (what is made from nothing per example), else the operands agree on it. */
function commonCount(record: Primitive, name: string, args: readonly Node[], attrs: Attrs): Count {
  const said = attrs.count as Count | null | undefined;
  let result: Count | null = said ?? null;
  for (const { count } of record.recounts ? [] : args) {
    if (count === null || count === result) continue;
    if (result !== null) {
      throw new Error(`internal: ${name} of values for ${result} and for ${count} examples`);
    }
    result = count;
  }
  if (result === null) throw new Error(`internal: ${name} is per example of nothing per example`);
  return result;
}

/** The one number that a node holds everywhere, if the compiler knows it; else null. */
export function splat(node: Node): number | null {
  if (node.kind === 'op') return node.op === 'broadcast_to' ? splat(node.args[0]!) : null;
  if (node.leaf.kind !== 'constant') return null;
  const { data } = node.leaf.value;
  const first = data[0];
  if (first === undefined || !data.every((x) => Object.is(x, first))) return null;
  return first;
}

/** Attributes objects are often shared (a layer's, called many times), so their texts are kept. */
const attrTexts = new WeakMap<Attrs, string>();

/** Attributes as text, whatever the order of their keys. */
export function attrsKey(attrs: Attrs): string {
  let text = attrTexts.get(attrs);
  if (text === undefined) {
    text = attrText(attrs as Attr);
    attrTexts.set(attrs, text);
  }
  return text;
}

function attrText(attr: Attr): string {
  if (typeof attr === 'number') return numberKey(attr);
  if (Array.isArray(attr)) return `[${attr.map(attrText).join()}]`;
  if (typeof attr !== 'object' || attr === null) return JSON.stringify(attr);
  const entries = Object.entries(attr as Readonly<Record<string, Attr>>);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${k}:${attrText(v)}`).join()}}`;
}

/** What tells leaves of one shape and count apart. */
export function leafKey(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'constant':
      return `c${Array.from(leaf.value.data, numberKey).join()}`;
    case 'host':
      return `h${JSON.stringify(leaf.expr, numberText)}`;
    case 'count':
      return `n${leaf.count}`;
    case 'source':
      return `s${leaf.version}:${leaf.name}`;
    case 'state':
      return `t${leaf.version}:${leaf.name}`;
    case 'weight':
    case 'stat':
      return `${leaf.kind} ${leaf.copy} ${leaf.version}:${leaf.name}`;
    case 'turn':
      return `t${leaf.position}:${leaf.place}`;
    case 'draw':
      return `d${(leaf.turns ?? []).map((turn) => turn.id).join()}:${leaf.version}:${leaf.call}:${JSON.stringify(leaf.dist, numberText)}:${leaf.place}`;
  }
}

/** JSON has no infinities, and no −0. */
function numberText(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) && !Object.is(value, -0) ? value : numberKey(value);
}

/** −0 must stay apart from 0: their reciprocals differ. */
function numberKey(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
