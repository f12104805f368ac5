/** Elementwise kernels: each is a chain of one instruction; longer chains come from `chain` below. */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import { cpuKernel, type Kernel } from './fallback.ts';

/** Codes of the vector machine (assembly/chain.ts). */
export const BINARY: Record<string, number> = {
  Add: 0,
  AddV2: 0,
  Sub: 1,
  Multiply: 2,
  RealDiv: 3,
  Maximum: 4,
  Minimum: 5,
  Equal: 6,
  NotEqual: 7,
  Less: 8,
  LessEqual: 9,
  Greater: 10,
  GreaterEqual: 11,
  LogicalAnd: 12,
  LogicalOr: 13,
  SquaredDifference: 15,
  Pow: 16,
  Mod: 17,
};
const TRUTHS = new Set([
  'Equal',
  'NotEqual',
  'Less',
  'LessEqual',
  'Greater',
  'GreaterEqual',
  'LogicalAnd',
  'LogicalOr',
  'LogicalNot',
]);
export const UNARY: Record<string, number> = {
  Neg: 32,
  Abs: 33,
  Sqrt: 34,
  Rsqrt: 35,
  Reciprocal: 36,
  Square: 37,
  Exp: 38,
  Log: 39,
  Tanh: 40,
  Sigmoid: 41,
  Softplus: 42,
  Relu: 43,
  Floor: 44,
  Sign: 45,
  LogicalNot: 47,
  Sin: 48,
  Cos: 49,
  Erf: 50,
};

const SELU = {
  alpha: tf.backend_util.SELU_SCALEALPHA / tf.backend_util.SELU_SCALE,
  scale: tf.backend_util.SELU_SCALE,
};

export type Broadcast = readonly [number, number, number, number, number];
/** How a broadcast operand is read (see assembly/chain.ts): kind 0 straight, 1 a scalar, 2 by two periods; null: not so. */
export function broadcastOf(shape: readonly number[], out: readonly number[]): Broadcast | null {
  const size = tf.util.sizeFromShape(shape as number[]);
  const total = tf.util.sizeFromShape(out as number[]);
  if (size === total) return [0, 0, 0, 0, 0];
  if (size === 1) return [1, 0, 0, 0, 0];
  // Neighbouring axes that are both kept or both repeated count as one.
  const groups: { kept: boolean; n: number }[] = [];
  for (let i = 0; i < out.length; i++) {
    const n = out[i] as number;
    if (n === 1) continue;
    const own = shape[i - (out.length - shape.length)] ?? 1;
    const kept = own === n;
    const last = groups[groups.length - 1];
    if (last && last.kept === kept) last.n *= n;
    else groups.push({ kept, n });
  }
  const keptAt = groups.flatMap((g, i) => (g.kept ? [i] : []));
  const inner = (i: number) => groups.slice(i + 1).reduce((p, g) => p * g.n, 1);
  if (keptAt.length === 1) {
    const i = keptAt[0] as number;
    return [2, total, 1, inner(i), (groups[i] as { n: number }).n];
  }
  if (keptAt.length === 2) {
    const [i, j] = keptAt as [number, number];
    return [2, inner(i), (groups[i] as { n: number }).n, inner(j), (groups[j] as { n: number }).n];
  }
  return null;
}

const bits = new DataView(new ArrayBuffer(4));
export function floatBits(x: number): number {
  bits.setFloat32(0, x);
  return bits.getInt32(0);
}

export type Instruction = [op: number, dst: number, a: number, b: number, c: number];

/** Elements of a block, and the most blocks that a thread takes at once (assembly/chain.ts). */
export const BLOCK = 512;
const MOST_BLOCKS = 32;
/** How a chain over n elements is shared: some pieces a thread, so that one that is held up takes fewer. */
export function piecesOf(n: number, threads: number): { per: number; pieces: number } {
  const blocks = Math.ceil(n / BLOCK);
  const per = threads === 1 ? blocks : Math.max(1, Math.min(MOST_BLOCKS, Math.floor(blocks / (threads * 8))));
  return { per, pieces: Math.ceil(blocks / per) };
}

/** Runs a program. Inputs take the first registers; every output is a register of the program. */
export function chain(
  backend: WasmBackend,
  inputs: readonly { t: tf.TensorInfo; how: readonly [number, number, number, number, number] }[],
  code: readonly Instruction[],
  outputs: readonly { register: number; t: tf.TensorInfo }[],
  n: number,
): void {
  const engine = backend.engine;
  // Addresses first: moving an operand into shared memory may grow it.
  const from = inputs.map((i) => backend.entry(i.t).floats());
  const to = outputs.map((o) => backend.entry(o.t).address);
  const w = engine.words;
  const { per, pieces } = piecesOf(n, engine.threads);
  w[0] = 1;
  w[1] = pieces;
  w[2] = per;
  w[3] = inputs.length;
  w[4] = code.length;
  w[5] = outputs.length;
  let at = 6;
  for (const c of code) for (let k = 0; k < 5; k++) w[at++] = c[k] as number;
  for (const o of outputs) w[at++] = o.register;
  w[at++] = n;
  w[at++] = 0;
  for (let i = 0; i < inputs.length; i++) {
    w[at++] = from[i] as number;
    const how = (inputs[i] as { how: readonly number[] }).how;
    for (let k = 0; k < 5; k++) w[at++] = how[k] as number;
  }
  for (const address of to) w[at++] = address;
  engine.run(JOB.chain, n * (1 + code.length));
}

const COPY = 46;

/**
 * How an operand is read for a result of this shape. Where its repeated axes are too many for that, they are repeated in
 * memory from the last one on, until it can be read; the tensor is then another one.
 */
function readable(
  backend: WasmBackend,
  t: tf.TensorInfo,
  out: readonly number[],
): { t: tf.TensorInfo; how: Broadcast } {
  let shape = [...out.slice(t.shape.length).map(() => 1), ...t.shape];
  let of = t;
  for (;;) {
    const how = broadcastOf(shape, out);
    if (how) return { t: of, how };
    const axis = shape.findLastIndex((n, i) => n === 1 && out[i] !== 1);
    const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)].map((s) =>
      tf.util.sizeFromShape(s),
    );
    const times = out[axis]!;
    shape = shape.with(axis, times);
    const wide = backend.output(shape, t.dtype as 'float32');
    const spread = broadcastOf([before!, 1, after!], [before!, times, after!])!;
    chain(
      backend,
      [{ t: of, how: spread }],
      [[COPY, 1, 0, 0, 0]],
      [{ register: 1, t: wide }],
      before! * times * after!,
    );
    if (of !== t) backend.disposeData(of.dataId);
    of = wide;
  }
}

const isFloat = (t: tf.TensorInfo) => t.dtype === 'float32' || t.dtype === 'bool';
/** Arithmetic with truth values gives truth values in tfjs, and whole numbers are not kept as floats. */
const takes = (kernel: string, t: tf.TensorInfo) => (TRUTHS.has(kernel) ? isFloat(t) : t.dtype === 'float32');

export function elementwiseKernels(): [string, Kernel][] {
  const list: [string, Kernel][] = [];
  for (const [name, op] of Object.entries(BINARY)) {
    const other = cpuKernel(name);
    const result = TRUTHS.has(name) ? 'bool' : 'float32';
    list.push([
      name,
      (args) => {
        const backend = args.backend as WasmBackend;
        const { a, b } = args.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
        if (!takes(name, a) || !takes(name, b)) return other(args);
        const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
        const n = tf.util.sizeFromShape(shape);
        const out = backend.output(shape, result);
        if (n === 0) return out;
        const inputs = [a, b].map((t) => readable(backend, t, shape));
        chain(backend, inputs, [[op, 2, 0, 1, 0]], [{ register: 2, t: out }], n);
        inputs.forEach(({ t }, i) => {
          if (t !== (i === 0 ? a : b)) backend.disposeData(t.dataId);
        });
        return out;
      },
    ]);
  }
  const unary = (
    name: string,
    code: (attrs: Record<string, unknown>) => Instruction[],
    result: 'float32' | 'bool' = 'float32',
  ) => {
    const other = cpuKernel(name);
    list.push([
      name,
      (args) => {
        const backend = args.backend as WasmBackend;
        const x = (args.inputs.x ?? args.inputs.features) as tf.TensorInfo;
        if (!takes(name, x)) return other(args);
        const out = backend.output(x.shape, result);
        const n = tf.util.sizeFromShape(x.shape);
        const c = code(args.attrs);
        if (n > 0)
          chain(
            backend,
            [{ t: x, how: [0, 0, 0, 0, 0] }],
            c,
            [{ register: (c[c.length - 1] as Instruction)[1], t: out }],
            n,
          );
        return out;
      },
    ]);
  };
  for (const [name, op] of Object.entries(UNARY))
    unary(name, () => [[op, 1, 0, 0, 0]], TRUTHS.has(name) ? 'bool' : 'float32');
  unary('LeakyRelu', (a) => [[70, 1, 0, floatBits(a.alpha as number), 0]]);
  unary('Elu', () => [[75, 1, 0, floatBits(1), 0]]);
  unary('Selu', () => [
    [75, 1, 0, floatBits(SELU.alpha), 0],
    [65, 2, 1, floatBits(SELU.scale), 0],
  ]);
  unary('Step', (a) => [[76, 1, 0, floatBits((a.alpha as number) ?? 0), 0]]);
  unary('ClipByValue', (a) => [
    [68, 1, 0, floatBits(a.clipValueMin as number), 0],
    [69, 2, 1, floatBits(a.clipValueMax as number), 0],
  ]);
  const otherSelect = cpuKernel('Select');
  list.push([
    'Select',
    (args) => {
      const backend = args.backend as WasmBackend;
      const { condition, t, e } = args.inputs as Record<'condition' | 't' | 'e', tf.TensorInfo>;
      const hc = broadcastOf(condition.shape, t.shape);
      if (
        t.dtype !== 'float32' ||
        e.dtype !== 'float32' ||
        !isFloat(condition) ||
        condition.shape.length !== t.shape.length ||
        !hc
      )
        return otherSelect(args);
      const out = backend.output(t.shape);
      const n = tf.util.sizeFromShape(t.shape);
      const straight = [0, 0, 0, 0, 0] as const;
      if (n > 0)
        chain(
          backend,
          [
            { t: condition, how: hc },
            { t, how: straight },
            { t: e, how: straight },
          ],
          [[14, 3, 0, 1, 2]],
          [{ register: 3, t: out }],
          n,
        );
      return out;
    },
  ]);
  const otherCast = cpuKernel('Cast');
  list.push([
    'Cast',
    (args) => {
      const backend = args.backend as WasmBackend;
      const x = args.inputs.x as tf.TensorInfo;
      const to = args.attrs.dtype as string;
      if (to !== 'float32' || (x.dtype !== 'bool' && x.dtype !== 'float32')) return otherCast(args);
      const out = backend.output(x.shape);
      const n = tf.util.sizeFromShape(x.shape);
      if (n > 0)
        chain(backend, [{ t: x, how: [0, 0, 0, 0, 0] }], [[COPY, 1, 0, 0, 0]], [{ register: 1, t: out }], n);
      return out;
    },
  ]);
  const otherAddN = cpuKernel('AddN');
  list.push([
    'AddN',
    (args) => {
      const backend = args.backend as WasmBackend;
      const terms = args.inputs as unknown as tf.TensorInfo[];
      if (terms.length > MOST_TERMS || terms.some((t) => t.dtype !== 'float32')) return otherAddN(args);
      const out = backend.output(terms[0]!.shape);
      const n = tf.util.sizeFromShape(out.shape);
      const last = terms.length - 1;
      const code = terms.map(
        (_, i): Instruction => [i === 0 ? COPY : 0, last + 1, i === 0 ? 0 : last + 1, i, 0],
      );
      const inputs = terms.map((t) => ({ t, how: [0, 0, 0, 0, 0] as const }));
      if (n > 0) chain(backend, inputs, code, [{ register: last + 1, t: out }], n);
      return out;
    },
  ]);
  return list;
}
/** Terms of one chain: its registers are 48 (assembly/chain.ts). */
const MOST_TERMS = 40;
