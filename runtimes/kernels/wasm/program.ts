/** Formulas as programs of the vector machine: one pass over memory for a whole chain. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula, Place, Step } from '../../core/fused.ts';
import type { WasmBackend } from './backend.ts';
import { broadcastOf, chain, floatBits, type Instruction } from './elementwise.ts';

/** Operation with two registers, with one, with a register and a number (`flipped`: number first). */
const TWO: Record<string, number> = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  maximum: 4,
  minimum: 5,
  eq: 6,
  ne: 7,
  lt: 8,
  le: 9,
  gt: 10,
  ge: 11,
};
const ONE: Record<string, number> = {
  neg: 32,
  abs: 33,
  sqrt: 34,
  rsqrt: 35,
  square: 37,
  exp: 38,
  log: 39,
  tanh: 40,
  sigmoid: 41,
  softplus: 42,
  relu: 43,
  floor: 44,
  sign: 45,
};
const WITH_NUMBER: Record<string, number> = {
  add: 64,
  sub: 80,
  mul: 65,
  div: 79,
  maximum: 68,
  minimum: 69,
  gt: 71,
  lt: 72,
  ge: 73,
  eq: 74,
  leaky_relu: 70,
  step: 76,
};
const NUMBER_FIRST: Record<string, number> = {
  add: 64,
  mul: 65,
  sub: 66,
  div: 67,
  maximum: 68,
  minimum: 69,
  lt: 71,
  gt: 72,
  le: 73,
  eq: 74,
};
const HOST: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  sqrt: (a) => Math.sqrt(a),
  square: (a) => a * a,
};
const MOST_REGISTERS = 46;

/** A formula whose operands that are numbers are known by position only: their values come with each call. */
interface Program {
  /** Steps of numbers alone, which the host works out: by place. */
  host: Map<number, Step>;
  code: { op: number; dst: number; a: number; b: number; c: number; number: number | Place | null }[];
  outputs: number[];
}

/** null: too long for the machine, or an operation that it has not. */
function compile(f: Formula, isNumber: readonly boolean[]): Program | null {
  const lastUse = new Map<number, number>();
  f.steps.forEach((s, i) => {
    for (const a of s.args) if (typeof a !== 'number') lastUse.set(a.at, i);
  });
  const kept = new Set(f.outputs.map((o) => o.at));
  const register = new Map<number, number>();
  let top = 0;
  f.inputs.forEach((_, i) => {
    if (!isNumber[i]) register.set(i, top++);
  });
  const free: number[] = [];
  const host: Program['host'] = new Map();
  const numeric = (a: Place | number | undefined): boolean =>
    typeof a === 'number' || (a !== undefined && (isNumber[a.at] === true || host.has(a.at)));
  const code: Program['code'] = [];
  for (const [i, s] of f.steps.entries()) {
    if (s.args.every(numeric)) {
      if (HOST[s.op] === undefined || kept.has(s.result.at)) return null;
      host.set(s.result.at, s);
      continue;
    }
    const at = (a: Place | number) => register.get((a as Place).at)!;
    const [x, y] = s.args as [Place | number, Place | number | undefined];
    let instruction: Omit<Program['code'][number], 'dst'> | null = null;
    if (s.op === 'elu') instruction = numeric(x) ? null : { op: 75, a: at(x), b: 0, c: 0, number: 1 };
    else if (y === undefined) {
      const op = ONE[s.op];
      instruction = op === undefined || numeric(x) ? null : { op, a: at(x), b: 0, c: 0, number: null };
    } else if (!numeric(x) && !numeric(y)) {
      const op = TWO[s.op];
      instruction = op === undefined ? null : { op, a: at(x), b: at(y), c: 0, number: null };
    } else if (!numeric(x)) {
      const op = WITH_NUMBER[s.op];
      instruction = op === undefined ? null : { op, a: at(x), b: 0, c: 0, number: y };
    } else if (!numeric(y)) {
      const op = NUMBER_FIRST[s.op];
      instruction = op === undefined ? null : { op, a: at(y), b: 0, c: 0, number: x };
    }
    if (instruction === null) return null;
    // The result may take an operand's register that nothing reads again (never an input's).
    for (const a of s.args) {
      if (typeof a === 'number' || a.at < f.inputs.length || kept.has(a.at)) continue;
      if (lastUse.get(a.at) === i && !free.includes(register.get(a.at)!)) free.push(register.get(a.at)!);
    }
    const dst = kept.has(s.result.at) ? top++ : (free.pop() ?? top++);
    if (top > MOST_REGISTERS) return null;
    register.set(s.result.at, dst);
    code.push({ ...instruction, dst });
  }
  return { host, code, outputs: f.outputs.map((o) => register.get(o.at)!) };
}

const programs = new WeakMap<Formula, Map<string, Program | null>>();

export function fusedExecutor(fallback: Executor): Executor {
  return (f, operands) => {
    const isNumber = operands.map((x) => typeof x === 'number');
    let variants = programs.get(f);
    if (!variants) {
      variants = new Map();
      programs.set(f, variants);
    }
    const key = isNumber.join();
    let p = variants.get(key);
    if (p === undefined) {
      p = compile(f, isNumber);
      variants.set(key, p);
    }
    if (p === null) return fallback(f, operands);
    const tensors = operands.filter((x): x is Tensor => typeof x !== 'number');
    let shape: number[] = [];
    for (const t of tensors) shape = tf.backend_util.assertAndGetBroadcastShape(shape, t.shape);
    const how = tensors.map((t) => broadcastOf(t.shape, shape));
    if (how.includes(null) || tensors.some((t) => t.dtype !== 'float32')) return fallback(f, operands);
    const { host } = p;
    const numberOf = (n: number | Place): number => {
      if (typeof n === 'number') return n;
      const step = host.get(n.at);
      if (step === undefined) return operands[n.at] as number;
      const [a, b] = step.args as [number | Place, number | Place | undefined];
      return HOST[step.op]!(numberOf(a), b === undefined ? 0 : numberOf(b));
    };
    const code = p.code.map(
      ({ op, dst, a, b, c, number }): Instruction => [
        op,
        dst,
        a,
        number === null ? b : floatBits(numberOf(number)),
        c,
      ],
    );
    const backend = tf.backend() as unknown as WasmBackend;
    const outs = p.outputs.map(() => backend.output(shape));
    const n = tf.util.sizeFromShape(shape);
    if (n > 0) {
      chain(
        backend,
        tensors.map((t, i) => ({ t, how: how[i]! })),
        code,
        p.outputs.map((register, i) => ({ register, t: outs[i]! })),
        n,
      );
    }
    return outs.map((o) => tf.engine().makeTensorFromTensorInfo(o as never));
  };
}
