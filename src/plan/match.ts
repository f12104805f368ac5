/** Whether two evaluations of a net are the same but for what they are computed on. */
import type { LeafNode, Node, OpNode } from '../ir/graph.ts';
import { attrsKey, leafKey } from '../ir/graph-builder.ts';
import { sameShape, sizeOf } from '../ir/ndarray.ts';
import { isNumber } from './numbers.ts';
import { madeBy, type Segment, type Work } from './segments.ts';
import { reads } from './uses.ts';

/** What stands for a value of the first segment in the second; 0 where a sum begins. */
export type Match = Map<Node, Node | 0>;

/** `whole` has all that `part` has, under other names: the names; else null. */
export function match(whole: Segment, part: Segment): Match | null {
  const known: Match = new Map();
  const taken = new Map<Node, Node>();
  const made = new Set(whole.work.flatMap(madeBy));
  const within = (step: Work): readonly Node[] => (step.kind === 'fuse' ? step.nodes : []);
  const madeInPart = new Set(part.work.flatMap((step) => [...madeBy(step), ...within(step)]));
  /** What the part's step computes on its way. */
  let insidePart: ReadonlySet<Node> = new Set();

  const trail: Node[] = [];
  const put = (a: Node, b: Node | 0): boolean => {
    if (b !== 0 && taken.has(b)) return false;
    known.set(a, b);
    if (b !== 0) taken.set(b, a);
    trail.push(a);
    return true;
  };
  /** `inside`: what the step computes on its way. */
  const same = (a: Node, b: Node, inside: ReadonlySet<Node>): boolean => {
    if (known.has(a)) return known.get(a) === b;
    if (a.count !== b.count || !sameShape(a.shape, b.shape)) return false;
    if (isNumber(a) || isNumber(b)) return numberKey(a) === numberKey(b);
    if (isRead(a) || isRead(b)) return isRead(a) && isRead(b) && leafName(a) === leafName(b);
    if (inside.has(a) || insidePart.has(b)) {
      if (!inside.has(a) || !insidePart.has(b)) return false;
      return a.kind === 'op' && b.kind === 'op' && sameOperation(a, b, inside);
    }
    return !made.has(a) && !madeInPart.has(b) && put(a, b);
  };
  const sameOperation = (a: OpNode, b: OpNode, inside: ReadonlySet<Node>): boolean =>
    a.op === b.op &&
    a.count === b.count &&
    sameShape(a.shape, b.shape) &&
    attrsKey(a.attrs) === attrsKey(b.attrs) &&
    a.args.every((arg, i) => same(arg, b.args[i]!, inside));
  /** As it was before, if it does not work out. */
  const attempt = (f: () => boolean): boolean => {
    const before = trail.length;
    if (f()) return true;
    for (const a of trail.splice(before)) {
      const b = known.get(a);
      known.delete(a);
      if (b) taken.delete(b);
    }
    return false;
  };
  /** A sum of gradients that begins here: all of it is its last term. */
  const begins = (a: OpNode, b: OpNode, inside: ReadonlySet<Node>): boolean => {
    if (a.op !== 'add') return false;
    const [sum, term] = inside.has(a.args[0]!) ? a.args.toReversed() : a.args;
    if (!sum || term?.kind !== 'op' || inside.has(sum) || made.has(sum) || known.has(sum)) return false;
    return inside.has(term) && put(sum, 0) && sameOperation(term, b, inside);
  };

  for (const [i, step] of whole.work.entries()) {
    const other = part.work[i]!;
    if (step.kind !== other.kind) return null;
    if (step.kind === 'compute' || other.kind === 'compute') {
      const [a, b] = [madeBy(step)[0] as OpNode, madeBy(other)[0] as OpNode];
      insidePart = new Set();
      if (!sameOperation(a, b, new Set()) || !put(a, b)) return null;
      continue;
    }
    const inside = new Set<Node>(step.nodes);
    insidePart = new Set(other.nodes);
    const free = new Set(step.results);
    for (const b of other.results) {
      const found = [...free].find(
        (a) =>
          attempt(() => sameOperation(a, b, inside) && put(a, b)) ||
          attempt(() => begins(a, b, inside) && put(a, b)),
      );
      if (!found) return null;
      free.delete(found);
    }
    // Statistics more cost nothing; to store another value of all examples would.
    for (const a of free) if (a.count !== null && sizeOf(a.shape) > 1) return null;
  }
  // What the part leaves out may read something that nothing stands for.
  for (const step of whole.work) {
    for (const node of reads(step)) {
      if (!isRead(node) && !isNumber(node) && !made.has(node) && !known.has(node)) return null;
    }
  }
  return known;
}

export const isRead = (node: Node): node is LeafNode =>
  node.kind === 'leaf' && (node.leaf.kind === 'weight' || node.leaf.kind === 'stat');

function leafName({ leaf }: LeafNode): string {
  return 'name' in leaf ? `${leaf.kind} ${leaf.name}` : '';
}

const numberKeys = new WeakMap<Node, string>();

/** What a number is worked out from. */
function numberKey(node: Node): string {
  const known = numberKeys.get(node);
  if (known !== undefined) return known;
  let key = `node ${node.id}`;
  if (node.kind === 'op') key = `${node.op}(${node.args.map(numberKey).join()})${attrsKey(node.attrs)}`;
  else if (['constant', 'host', 'count'].includes(node.leaf.kind)) key = `leaf ${leafKey(node.leaf)}`;
  numberKeys.set(node, key);
  return key;
}
