/**
 * A fused chain of elementwise operations, written as a formula that people can read:
 *
 *   const { h, scaled } = nn.fused('let c = x - mean; scaled = c * inv; h = relu(scaled)', { x, mean, inv });
 *
 * Every `name = …;` is a result, every `let name = …;` a value in passing. A backend with a program for whole chains
 * registers it here and reads memory once; on any other the formula runs as tfjs operations.
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
} from './elementwise.ts';

/** One operation: its result's place, its name, and its operands: a place, or a number. */
export interface Step {
  op: string;
  args: (Place | number)[];
  result: Place;
}
/** Inputs have the first places, in the order of `Formula.inputs`; steps the following ones. */
export interface Place {
  at: number;
}
export interface Formula {
  inputs: string[];
  steps: Step[];
  outputs: { name: string; at: number }[];
}

export type Executor = (formula: Formula, inputs: (Tensor | number)[]) => Tensor[];
const executors = new Map<string, Executor>();
/** Says how a backend runs whole chains. */
export function registerFused(backend: string, executor: Executor): void {
  executors.set(backend, executor);
}

const parsed = new Map<string, Formula>();

/** Evaluates a formula. Operands broadcast; results have the shape of all operands broadcast together, and are the caller's. */
export function fused(formula: string, operands: Record<string, Tensor | number>): Record<string, Tensor> {
  const inputs = Object.keys(operands);
  const key = `${inputs.join(',')}|${formula}`;
  let f = parsed.get(key);
  if (f === undefined) {
    f = parseFormula(formula, inputs);
    parsed.set(key, f);
  }
  const values = inputs.map((name) => operands[name]!);
  const run = executors.get(tf.getBackend()) ?? plainExecutor;
  const results = run(f, values);
  return Object.fromEntries(f.outputs.map(({ name }, i) => [name, results[i]!]));
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

/** The formula as ordinary tfjs operations. */
export const plainExecutor: Executor = (f, inputs) =>
  tf.tidy(() => {
    const values: Value[] = [...inputs];
    for (const { op, args, result } of f.steps) {
      const x = args.map((a) => (typeof a === 'number' ? a : values[a.at]!));
      values[result.at] = operations[op]!(...(x as never[]));
    }
    return f.outputs.map(({ at }) => values[at] as Tensor);
  });

/** Reads a formula. A mistake is one of the compiler's, so it throws. */
export function parseFormula(text: string, inputs: string[]): Formula {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_$][\p{L}\p{N}_$]*|[-+*/(),;=]/gu) ?? [];
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
    steps.push({ op, args, result });
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
    if (!passing) outputs.push({ name, at: value.at });
  }
  return { inputs, steps, outputs };
}
