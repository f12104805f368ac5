/** What a step works out in plain numbers, with no tensor and no pass over memory: arithmetic of constants, counts and clocks. */
import type { Node } from '../ir/graph.ts';

/** A constant of one element without axes. */
export function inlineNumber(node: Node): number | null {
  if (node.kind !== 'leaf' || node.leaf.kind !== 'constant') return null;
  return node.shape.length === 0 && node.count === null ? node.leaf.value.data[0]! : null;
}

/** Arithmetic that a program does on numbers, and how JavaScript writes it. */
export const ARITHMETIC: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/' };

const numbers = new WeakMap<Node, boolean>();

/** A whole scalar made from constants, counts and the schedule's scalars alone. */
export function isNumber(node: Node): boolean {
  if (node.kind === 'leaf') {
    return node.leaf.kind === 'host' || node.leaf.kind === 'count' || inlineNumber(node) !== null;
  }
  if (node.shape.length > 0 || node.count !== null) return false;
  if (!(node.op in ARITHMETIC || node.op === 'neg' || node.op === 'maximum')) return false;
  let known = numbers.get(node);
  if (known === undefined) {
    known = node.args.every(isNumber);
    numbers.set(node, known);
  }
  return known;
}
