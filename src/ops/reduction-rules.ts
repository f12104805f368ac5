/**
 * Algebra of sums and means: what does not vary along the reduced axes waits until after them, and deviations from a mean
 * add up to nothing. With these the gradient of a batch norm is two sums and one pass.
 */
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sameShape } from '../ir/ndarray.ts';
import type { Attrs } from '../ir/types.ts';
import { match } from './families.ts';
import { axesAttr, reducedShape } from './shapes.ts';

type Total = 'sum' | 'mean';
/** How far into a product is looked for factors. */
const DEEPEST = 8;

/** Σ a·f = f · Σ a, for an f that is one number along the reduced axes. */
export function factorsLater(b: Builder, op: Total, x: Node, attrs: Attrs): Node | null {
  const product = factorsOf(x, attrs);
  if (product === null || product.constant.length === 0) return null;
  const { varying, constant } = product;
  if (!varying) return null;
  const axes = axesAttr(attrs);
  let result = b.op(op, [varying.reduce((p, q) => b.mul(p, q))], attrs);
  for (const factor of constant) {
    const lead = x.shape.length - factor.shape.length;
    result = b.mul(
      result,
      b.reshape(
        factor,
        factor.shape.filter((_, i) => !axes.includes(i + lead)),
      ),
    );
  }
  return result;
}

/** Σ (x − mean x) = 0, times a factor or beside another term too. */
export function deviationsVanish(b: Builder, op: Total, x: Node, attrs: Attrs): Node | null {
  if (vanishes(x, attrs)) {
    const shape = reducedShape(x.shape, axesAttr(attrs), attrs.keep === true);
    return b.full(shape, attrs.batch === true ? null : x.count, 0);
  }
  const two = match(x, 'add') ?? match(x, 'sub');
  if (two === null) return null;
  const [p, q] = two.args as [Node, Node];
  const whole = (term: Node) => term.count === x.count && sameShape(term.shape, x.shape);
  if (whole(p) && vanishes(q, attrs)) return b.op(op, [p], attrs);
  if (whole(q) && vanishes(p, attrs)) {
    const other = b.op(op, [q], attrs);
    return two.op === 'add' ? other : b.neg(other);
  }
  return null;
}

function vanishes(x: Node, attrs: Attrs): boolean {
  const varying = factorsOf(x, attrs)?.varying ?? [x];
  return varying.length === 1 && isDeviation(varying[0]!, attrs);
}

/** y − mean(y), over the same axes. */
function isDeviation(x: Node, attrs: Attrs): boolean {
  const sub = match(x, 'sub');
  if (sub === null) return false;
  const [y, m] = sub.args as [Node, Node];
  const mean = match(match(m, 'reshape')?.args[0] ?? m, 'mean');
  if (mean === null || mean.args[0] !== y || (mean.attrs.batch === true) !== (attrs.batch === true))
    return false;
  return sameShape(axesAttr(mean.attrs), axesAttr(attrs));
}

/** The factors of a product, in an order that does not depend on how it was written; null if it is none. */
function factorsOf(x: Node, attrs: Attrs): { varying: Node[] | null; constant: Node[] } | null {
  if (attrs.keep === true || !match(x, 'mul')) return null;
  const { varying, constant } = collect(x, DEEPEST);
  varying.sort((p, q) => p.id - q.id);
  constant.sort((p, q) => p.id - q.id);
  // What is left must still have all that is summed over.
  const whole = varying.some((v) => v.count === x.count && sameShape(v.shape, x.shape));
  return { varying: whole ? varying : null, constant };

  /** A product in which nothing is constant stays one factor: it is computed anyway. */
  function collect(node: Node, deep: number): { varying: Node[]; constant: Node[] } {
    if (isConstantAlong(node, x, attrs)) return { varying: [], constant: [node] };
    const args = deep > 0 ? match(node, 'mul')?.args : undefined;
    const parts = args?.map((arg) => collect(arg, deep - 1));
    if (!parts || parts.every((part) => part.constant.length === 0)) return { varying: [node], constant: [] };
    return {
      varying: parts.flatMap((part) => part.varying),
      constant: parts.flatMap((part) => part.constant),
    };
  }
}

function isConstantAlong(factor: Node, x: Node, attrs: Attrs): boolean {
  if (attrs.batch === true && factor.count !== null) return false;
  const lead = x.shape.length - factor.shape.length;
  return axesAttr(attrs).every((axis) => axis < lead || factor.shape[axis - lead] === 1);
}
