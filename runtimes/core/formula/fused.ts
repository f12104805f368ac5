/**
 * A fused chain of elementwise operations, written as a formula that people can read:
 *
 *   const { h, scaled } = nn.fused('let c = x - mean; scaled = c * inv; h = relu(scaled)', { x, mean, inv });
 *
 * Every `name = …;` is a result, every `let name = …;` a value in passing. A backend with a program for whole chains
 * registers it here and reads memory once; on any other the formula runs as tfjs operations.
 *
 * A chain may end in reductions, and go on with what is left. The third argument are the axes that they reduce:
 *
 *   const { v, inv } = nn.fused('v = mean(square(x - m)); inv = rsqrt(v + 1e-5)', { x, m }, [0, 1, 2]);
 *
 * Values are then of two kinds. WIDE ones have the shape of all operands that wide steps read, broadcast together.
 * `sum(e)` and `mean(e)` of a wide e are NARROW: that shape without the axes (or with 1 there, if `keep`). What is
 * computed from narrow values is narrow, and so is what is computed from operands alone for a narrow step's sake. No wide
 * value depends on a narrow one of the same formula, so all reductions can be made in one pass over the wide operands,
 * the narrow steps after it. An operand may be read by both: each kind of step broadcasts it to its own shape.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import {
  and,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  not,
  notEqual,
  or,
  where,
} from '../nn/elementwise.ts';

/** One operation: its result's place, its name, and its operands: a place, or a number. */
export interface Step {
  op: string;
  args: (Place | number)[];
  result: Place;
  /** Whether the result is narrow. A reduction (`sum`, `mean`) is, of a wide operand; others have operands of their own kind. */
  narrow: boolean;
}
/** Inputs have the first places, in the order of `Formula.inputs`; steps the following ones. */
export interface Place {
  at: number;
}
export interface Formula {
  inputs: string[];
  /** What steps read each input. */
  reads: { wide: boolean; narrow: boolean }[];
  steps: Step[];
  outputs: { name: string; at: number; narrow: boolean }[];
  /** The axes of the wide shape, ascending from 0, that reductions reduce; none: all is wide. */
  axes: readonly number[];
  /** Reduced axes stay, as 1. */
  keep: boolean;
}

/**
 * Computes the outputs, in their order, as new tensors: float32, wide ones of the wide shape, narrow ones of the narrow
 * shape (`shapesOf`). Inputs stay the caller's; one that is a number stands for itself everywhere. `mean` divides by the
 * number of wide elements that go into each narrow one; reductions over no elements are the backend's own.
 */
export type Executor = (formula: Formula, inputs: (Tensor | number)[]) => Tensor[];
const executors = new Map<string, Executor>();
/** Says how a backend runs whole chains. */
export function registerFused(backend: string, executor: Executor): void {
  executors.set(backend, executor);
}

/** The current backend's. */
export const executorNow = (): Executor => executors.get(tf.getBackend()) ?? plainExecutor;

/** Formulas by their text: a text is met with the same names and axes nearly always. */
const parsed = new Map<string, Formula[]>();
const NO_AXES: readonly number[] = [];

/** Evaluates a formula, of which results are the caller's. Operands broadcast. */
export function fused(
  formula: string,
  operands: Record<string, Tensor | number>,
  axes = NO_AXES,
  keep = false,
): Record<string, Tensor> {
  const f = formulaOf(formula, operands, axes, keep);
  const values = f.inputs.map((name) => operands[name]!);
  const tensors = executorNow()(f, values);
  const results: Record<string, Tensor> = {};
  for (let i = 0; i < tensors.length; i++) results[f.outputs[i]!.name] = tensors[i]!;
  return results;
}

/**
 * A formula under a name of its own, for what is computed in several places:
 *
 *   const scaled = nn.formula('(x, scale, beta) => relu(x * scale + beta)');
 *   const y = scaled(x, inverse, w['beta']);
 *
 * One of several statements has them in braces. One with several results is called for a list of them:
 *
 *   const spread = nn.formula('(x, m) => { let v = mean(square(x - m)); variance = v; inverse = rsqrt(v + 1e-5) }', [0]);
 *   const [variance, inverse] = spread(x, m);
 *
 * `axes` and `keep` are as for `fused`. Results are the caller's.
 */
export function formula(
  text: string,
  axes = NO_AXES,
  keep = false,
): (...operands: (Tensor | number)[]) => Tensor | Tensor[] {
  const [, names, body] = /^\(([^)]*)\) =>\s*([\s\S]*)$/.exec(text) ?? [];
  if (names === undefined || body === undefined) throw new Error(`Not a formula: ${text}`);
  const statements = body.startsWith('{') ? body.slice(1, body.lastIndexOf('}')) : `y = ${body}`;
  const f = parseFormula(statements, names === '' ? [] : names.split(/,\s*/), axes, keep);
  if (f.outputs.length > 1) return (...operands) => executorNow()(f, operands);
  return (...operands) => executorNow()(f, operands)[0]!;
}

/** The formula of this text for operands of these names. */
export function formulaOf(
  text: string,
  operands: Record<string, unknown>,
  axes: readonly number[] = NO_AXES,
  keep = false,
): Formula {
  const variants = parsed.get(text);
  for (const f of variants ?? [])
    if (f.keep === keep && sameAxes(f.axes, axes) && sameNames(f, operands)) return f;
  const f = parseFormula(text, Object.keys(operands), axes, keep);
  if (variants) variants.push(f);
  else parsed.set(text, [f]);
  return f;
}

function sameAxes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i]);
}

function sameNames({ inputs }: Formula, operands: Record<string, unknown>): boolean {
  let i = 0;
  for (const name in operands) if (inputs[i++] !== name) return false;
  return i === inputs.length;
}

/** The shapes of wide and of narrow values. */
export function shapesOf(
  { reads, axes, keep }: Formula,
  inputs: readonly (Tensor | number)[],
): { wide: number[]; narrow: number[] } {
  let wide: number[] = [];
  inputs.forEach((x, i) => {
    if (typeof x === 'number' || !reads[i]!.wide) return;
    wide = tf.backend_util.assertAndGetBroadcastShape(wide, x.shape);
  });
  const narrow = wide.flatMap((n, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [n]));
  return { wide, narrow };
}

type Value = Tensor | number;
const operations: Record<string, (...x: never[]) => Tensor> = {
  add: (a: Value, b: Value) => tf.add(a, b),
  sub: (a: Value, b: Value) => tf.sub(a, b),
  mul: (a: Value, b: Value) => tf.mul(a, b),
  div: (a: Value, b: Value) => tf.div(a, b),
  maximum: (a: Value, b: Value) => tf.maximum(a, b),
  minimum: (a: Value, b: Value) => tf.minimum(a, b),
  equal,
  notEqual,
  less,
  lessEqual,
  greater,
  greaterEqual,
  and,
  or,
  not,
  where,
  neg: (a: Value) => tf.neg(a),
  exp: (a: Value) => tf.exp(a),
  log: (a: Value) => tf.log(a),
  sqrt: (a: Value) => tf.sqrt(a),
  rsqrt: (a: Value) => tf.rsqrt(a),
  square: (a: Value) => tf.square(a),
  abs: (a: Value) => tf.abs(a),
  sign: (a: Value) => tf.sign(a),
  floor: (a: Value) => tf.floor(a),
  relu: (a: Value) => tf.relu(a),
  leaky_relu: (a: Value, slope: number) => tf.leakyRelu(a, slope),
  elu: (a: Value) => tf.elu(a),
  tanh: (a: Value) => tf.tanh(a),
  sigmoid: (a: Value) => tf.sigmoid(a),
  softplus: (a: Value) => tf.softplus(a),
  step: (a: Value, low: number) => tf.step(a, low),
  clamp: (a: Value, lo: number, hi: number) => tf.clipByValue(a, lo, hi),
};

/** What a formula may call. */
export const fusible: ReadonlySet<string> = new Set(Object.keys(operations));

/** What it may call besides, where it has axes. */
export const reductions: ReadonlySet<string> = new Set(['sum', 'mean']);

/** The formula as ordinary tfjs operations. */
export const plainExecutor: Executor = (f, inputs) =>
  tf.tidy(() => {
    const { wide } = shapesOf(f, inputs);
    const values: Value[] = [...inputs];
    for (const { op, args, result } of f.steps) {
      const x = args.map((a) => (typeof a === 'number' ? a : values[a.at]!));
      if (reductions.has(op)) {
        const all = tf.broadcastTo(x[0] as Tensor, wide);
        const reduce = op === 'sum' ? tf.sum : tf.mean;
        values[result.at] = reduce(all, [...f.axes], f.keep);
      } else values[result.at] = operations[op]!(...(x as never[]));
    }
    return f.outputs.map(({ at }) => values[at] as Tensor);
  });

/** Reads a formula. A mistake is one of the compiler's, so it throws. */
export function parseFormula(
  text: string,
  inputs: string[],
  axes: readonly number[] = [],
  keep = false,
): Formula {
  const tokens =
    text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{ID_Start}_$][\p{ID_Continue}$]*|[-+*/(),;=]/gu) ?? [];
  const names = new Map(inputs.map((name, at) => [name, { at }]));
  const steps: Step[] = [];
  const outputs: Formula['outputs'] = [];
  let i = 0;
  const fail = (): never => {
    throw new Error(`Not a formula: ${text}`);
  };
  const take = (t: string) => (tokens[i] === t ? i++ >= 0 : fail());
  const push = (op: string, ...args: (Place | number)[]): Place => {
    const result = { at: inputs.length + steps.length };
    steps.push({ op, args, result, narrow: false });
    return result;
  };
  const sum = (): Place | number => {
    let left = product();
    while (tokens[i] === '+' || tokens[i] === '-')
      left = push(tokens[i++] === '+' ? 'add' : 'sub', left, product());
    return left;
  };
  const product = (): Place | number => {
    let left = unary();
    while (tokens[i] === '*' || tokens[i] === '/')
      left = push(tokens[i++] === '*' ? 'mul' : 'div', left, unary());
    return left;
  };
  const unary = (): Place | number => {
    if (tokens[i] !== '-') return atom();
    i++;
    const x = unary();
    return typeof x === 'number' ? -x : push('neg', x);
  };
  const atom = (): Place | number => {
    const t = tokens[i++] ?? fail();
    if (t === '(') {
      const x = sum();
      take(')');
      return x;
    }
    if (/^\d/.test(t)) return Number(t);
    if (tokens[i] !== '(') return names.get(t) ?? fail();
    i++;
    const args = [sum()];
    while (tokens[i] === ',') {
      i++;
      args.push(sum());
    }
    take(')');
    if (reductions.has(t) && axes.length > 0 && args.length === 1) return push(t, args[0]!);
    if (!fusible.has(t)) fail();
    return push(t, ...args);
  };
  while (i < tokens.length) {
    const passing = tokens[i] === 'let';
    if (passing) i++;
    const name = tokens[i++] ?? fail();
    take('=');
    const value = sum();
    if (i < tokens.length) take(';');
    if (typeof value === 'number' || value.at < inputs.length) return fail();
    names.set(name, value);
    if (!passing) outputs.push({ name, at: value.at, narrow: false });
  }
  const reads = kinds(steps, inputs.length, fail);
  for (const output of outputs) output.narrow = steps[output.at - inputs.length]!.narrow;
  return { inputs, reads, steps, outputs, axes, keep };
}

/** Tells narrow steps from wide ones, and which of them read each input. */
function kinds(steps: readonly Step[], inputs: number, fail: () => never): Formula['reads'] {
  const made = (arg: Place | number): Step | null =>
    typeof arg === 'number' || arg.at < inputs ? null : steps[arg.at - inputs]!;
  for (const step of steps)
    step.narrow = reductions.has(step.op) || step.args.some((arg) => made(arg)?.narrow);
  // What a narrow step reads and operands alone gave is narrow too.
  for (const step of [...steps].reverse()) {
    if (!step.narrow || reductions.has(step.op)) continue;
    for (const arg of step.args) {
      const before = made(arg);
      if (before) before.narrow = true;
    }
  }
  const reads = Array.from({ length: inputs }, () => ({ wide: false, narrow: false }));
  for (const { op, args, narrow } of steps) {
    const readsWide = !narrow || reductions.has(op);
    for (const arg of args) {
      const before = made(arg);
      if (before) {
        if (before.narrow === readsWide) fail();
      } else if (typeof arg !== 'number') reads[arg.at]![readsWide ? 'wide' : 'narrow'] = true;
    }
  }
  return reads;
}
