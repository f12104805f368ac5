/** Formulas as programs of the vector machine: one pass over memory for a whole chain. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula, Place, Step } from '../../core/fused.ts';
import type { WasmBackend } from './backend.ts';
import { broadcastOf, chain, floatBits, type Instruction } from './elementwise.ts';

/** The machine's codes of an operation: all operands in registers, or a number at the right or at the left. */
interface Codes {
  all?: number;
  right?: number;
  left?: number;
}
const CODES: Record<string, Codes> = {
  add: { all: 0, right: 64, left: 64 },
  sub: { all: 1, right: 80, left: 66 },
  mul: { all: 2, right: 65, left: 65 },
  div: { all: 3, right: 79, left: 67 },
  maximum: { all: 4, right: 68, left: 68 },
  minimum: { all: 5, right: 69, left: 69 },
  equal: { all: 6, right: 74, left: 74 },
  notEqual: { all: 7 },
  less: { all: 8, right: 72, left: 71 },
  lessEqual: { all: 9, left: 73 },
  greater: { all: 10, right: 71, left: 72 },
  greaterEqual: { all: 11, right: 73 },
  and: { all: 12 },
  or: { all: 13 },
  where: { all: 14 },
  neg: { all: 32 },
  abs: { all: 33 },
  sqrt: { all: 34 },
  rsqrt: { all: 35 },
  square: { all: 37 },
  exp: { all: 38 },
  log: { all: 39 },
  tanh: { all: 40 },
  sigmoid: { all: 41 },
  softplus: { all: 42 },
  relu: { all: 43 },
  floor: { all: 44 },
  sign: { all: 45 },
  not: { all: 47 },
  leaky_relu: { right: 70 },
  step: { right: 76 },
};
const ELU = 75;
const NUMBER = 78;
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
  const code: Program['code'] = [];
  const numeric = (a: Place | number | undefined): boolean =>
    typeof a === 'number' || (a !== undefined && (isNumber[a.at] === true || host.has(a.at)));
  /** The operand's register; a number gets one of its own. */
  const registerOf = (a: Place | number): number => {
    if (!numeric(a)) return register.get((a as Place).at)!;
    const dst = top++;
    code.push({ op: NUMBER, dst, a: 0, b: 0, c: 0, number: a });
    return dst;
  };
  /** Where a result goes: kept ones have a register of their own, others may take one that nothing reads again. */
  const destination = (s: Step, i: number): number => {
    for (const a of s.args) {
      if (typeof a === 'number' || a.at < f.inputs.length || kept.has(a.at) || host.has(a.at)) continue;
      const r = register.get(a.at)!;
      if (lastUse.get(a.at) === i && !free.includes(r)) free.push(r);
    }
    return kept.has(s.result.at) ? top++ : (free.pop() ?? top++);
  };
  for (const [i, s] of f.steps.entries()) {
    if (s.args.every(numeric)) {
      if (HOST[s.op] === undefined || kept.has(s.result.at)) return null;
      host.set(s.result.at, s);
      continue;
    }
    const [x, y, z] = s.args as [Place | number, Place | number | undefined, Place | number | undefined];
    const codes = CODES[s.op] ?? {};
    let last: Omit<Program['code'][number], 'dst'>;
    if (s.op === 'clamp') {
      const low = top++;
      code.push({ op: CODES.maximum!.right!, dst: low, a: registerOf(x), b: 0, c: 0, number: y! });
      last = { op: CODES.minimum!.right!, a: low, b: 0, c: 0, number: z! };
    } else if (s.op === 'elu') last = { op: ELU, a: registerOf(x), b: 0, c: 0, number: 1 };
    else if (y !== undefined && z === undefined && numeric(y) && codes.right !== undefined)
      last = { op: codes.right, a: registerOf(x), b: 0, c: 0, number: y };
    else if (y !== undefined && numeric(x) && codes.left !== undefined)
      last = { op: codes.left, a: registerOf(y), b: 0, c: 0, number: x };
    else if (codes.all !== undefined) {
      const [a, b = 0, c = 0] = s.args.map(registerOf) as [number, number?, number?];
      last = { op: codes.all, a, b, c, number: null };
    } else return null;
    const dst = destination(s, i);
    if (top > MOST_REGISTERS) return null;
    register.set(s.result.at, dst);
    code.push({ ...last, dst });
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
