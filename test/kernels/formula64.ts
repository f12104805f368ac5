/** Formulas in float64, written plainly: what backends' programs for chains and reductions are held against. */
import { type Formula, reductions, shapesOf } from '../../runtimes/core/formula/fused.ts';

export interface Array64 {
  shape: number[];
  data: number[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const functions: Record<string, (...x: number[]) => number> = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  maximum: (a, b) => Math.max(a!, b!),
  minimum: (a, b) => Math.min(a!, b!),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a! < b!),
  lessEqual: (a, b) => Number(a! <= b!),
  greater: (a, b) => Number(a! > b!),
  greaterEqual: (a, b) => Number(a! >= b!),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (a) => Number(a === 0),
  where: (condition, a, b) => (condition !== 0 ? a! : b!),
  neg: (a) => -a!,
  exp: (a) => Math.exp(a!),
  log: (a) => Math.log(a!),
  sqrt: (a) => Math.sqrt(a!),
  rsqrt: (a) => 1 / Math.sqrt(a!),
  square: (a) => a! * a!,
  abs: (a) => Math.abs(a!),
  sign: (a) => Math.sign(a!),
  floor: (a) => Math.floor(a!),
  relu: (a) => Math.max(a!, 0),
  leaky_relu: (a, slope) => (a! < 0 ? a! * slope! : a!),
  elu: (a) => (a! < 0 ? Math.expm1(a!) : a!),
  tanh: (a) => Math.tanh(a!),
  sigmoid: (a) => 1 / (1 + Math.exp(-a!)),
  softplus: (a) => Math.max(a!, 0) + Math.log1p(Math.exp(-Math.abs(a!))),
  step: (a, low) => (Number.isNaN(a) ? Number.NaN : a! > 0 ? 1 : low!),
  clamp: (a, low, high) => Math.min(Math.max(a!, low!), high!),
};

/** The number of a broadcast operand at a place of the whole. */
function at({ shape, data }: Array64, whole: readonly number[], place: number): number {
  let index = 0;
  let stride = 1;
  for (let i = 1; i <= whole.length; i++) {
    const n = whole.at(-i)!;
    const own = i <= shape.length ? shape.at(-i)! : 1;
    if (own !== 1) index += (place % n) * stride;
    stride *= own;
    place = Math.floor(place / n);
  }
  return data[index]!;
}

/** The outputs, and the largest of all numbers on the way, in passing ones too. */
export function evaluate64(
  f: Formula,
  inputs: readonly (Array64 | number)[],
): { outputs: Array64[]; largest: number } {
  const shapes = shapesOf(f, inputs as never);
  const values: (Array64 | number)[] = [...inputs];
  let largest = 0;
  for (const { op, args, result, narrow } of f.steps) {
    const operands = args.map((a) => (typeof a === 'number' ? a : values[a.at]!));
    const read = (x: Array64 | number, whole: readonly number[], place: number) =>
      typeof x === 'number' ? x : at(x, whole, place);
    const shape = narrow ? shapes.narrow : shapes.wide;
    const data = new Array<number>(sizeOf(shape)).fill(0);
    if (reductions.has(op)) {
      const kept = shapes.wide.map((n, axis) => (f.axes.includes(axis) ? 1 : n));
      const count = sizeOf(shapes.wide) / sizeOf(kept);
      const places: Array64 = { shape: kept, data: data.map((_, i) => i) };
      for (let i = 0; i < sizeOf(shapes.wide); i++) {
        const x = read(operands[0]!, shapes.wide, i);
        largest = Math.max(largest, Math.abs(x));
        data[at(places, shapes.wide, i)]! += op === 'mean' ? x / count : x;
      }
    } else {
      for (let i = 0; i < data.length; i++) {
        data[i] = functions[op]!(...operands.map((x) => read(x, shape, i)));
      }
    }
    for (const x of data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
    values[result.at] = { shape: [...shape], data };
  }
  return { outputs: f.outputs.map((o) => values[o.at] as Array64), largest };
}
