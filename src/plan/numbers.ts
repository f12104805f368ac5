/** What a step works out in plain numbers, with no tensor and no pass over memory: arithmetic of constants, counts and clocks. */
import type { Node } from '../ir/graph.ts';

/** A constant of one element without axes. */
export function inlineNumber(node: Node): number | null {
  if (node.kind !== 'leaf' || node.leaf.kind !== 'constant') return null;
  return node.shape.length === 0 && node.count === null ? node.leaf.value.data[0]! : null;
}

/** Arithmetic that a program does on numbers, and how JavaScript writes it. */
export const ARITHMETIC: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/' };

/** Functions that a program evaluates on numbers of a loop's turn (`i / 1000`, its cosine), and how JavaScript writes them. */
export const FUNCTIONS: Readonly<Record<string, (...x: readonly string[]) => string>> = {
  exp: (x) => `Math.exp(${x})`,
  log: (x) => `Math.log(${x})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  abs: (x) => `Math.abs(${x})`,
  sin: (x) => `Math.sin(${x})`,
  cos: (x) => `Math.cos(${x})`,
  floor: (x) => `Math.floor(${x})`,
  square: (x) => `Math.pow(${x}, 2)`,
  pow: (x, y) => `Math.pow(${x}, ${y})`,
  minimum: (x, y) => `Math.min(${x}, ${y})`,
  eq: (x, y) => `Number(${x} === ${y})`,
  ne: (x, y) => `Number(${x} !== ${y})`,
  lt: (x, y) => `Number(${x} < ${y})`,
  le: (x, y) => `Number(${x} <= ${y})`,
  gt: (x, y) => `Number(${x} > ${y})`,
  ge: (x, y) => `Number(${x} >= ${y})`,
};

const numbers = new WeakMap<Node, boolean>();

/** A whole scalar made from constants, counts and the schedule's scalars alone. */
export function isNumber(node: Node): boolean {
  if (node.kind === 'leaf') {
    const { leaf } = node;
    if (leaf.kind === 'turn') return leaf.position;
    return leaf.kind === 'host' || leaf.kind === 'count' || inlineNumber(node) !== null;
  }
  if (node.shape.length > 0 || node.count !== null) return false;
  const plain = node.op in ARITHMETIC || node.op === 'neg' || node.op === 'maximum';
  if (!plain && !(Object.hasOwn(FUNCTIONS, node.op) && node.args.some(isOfTurn))) return false;
  let known = numbers.get(node);
  if (known === undefined) {
    known = node.args.every(isNumber);
    numbers.set(node, known);
  }
  return known;
}

const ofTurns = new WeakMap<Node, boolean>();

/** Whether a number depends on the turn of a loop. */
export function isOfTurn(node: Node): boolean {
  if (node.kind === 'leaf') return node.leaf.kind === 'turn' && node.leaf.position;
  if (!isNumber(node)) return false;
  let known = ofTurns.get(node);
  if (known === undefined) {
    known = node.args.some(isOfTurn);
    ofTurns.set(node, known);
  }
  return known;
}
