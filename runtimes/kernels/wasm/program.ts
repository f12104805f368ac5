/** Formulas as programs of the vector machine (assembly/chain.ts). */
import { type Place, reductions, type Step } from '../../core/fused.ts';
import { floatBits } from './elementwise.ts';

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

/** Steps, and the places (of the formula) that they are given and that are wanted of them. */
export interface Part {
  inputs: readonly number[];
  steps: readonly Step[];
  wanted: readonly number[];
}

/** Operands that are numbers are known by place only: their values come with each call. */
export interface Program {
  /** The part's inputs that are tensors, in the order of their registers. */
  inputs: number[];
  /** Five words an instruction: operation, destination, a, b, c. */
  code: Int32Array;
  /** Numbers that go into the code: at which word, and which. */
  numbers: { word: number; of: number | Place }[];
  /** Steps of numbers alone, which the host works out, in order. */
  host: Step[];
  /** The registers of what is wanted. */
  outputs: number[];
}

/** null: too long for the machine, or an operation that it has not. `isNumber` of every place that the part is given. */
export function compile(part: Part, isNumber: (place: number) => boolean): Program | null {
  const lastUse = new Map<number, number>();
  part.steps.forEach((s, i) => {
    for (const a of s.args) if (typeof a !== 'number') lastUse.set(a.at, i);
  });
  const kept = new Set(part.wanted);
  const given = new Set(part.inputs);
  const inputs = part.inputs.filter((at) => !isNumber(at));
  const register = new Map<number, number>(inputs.map((at, i) => [at, i]));
  let top = inputs.length;
  const free: number[] = [];
  const host: Step[] = [];
  const ofHost = new Set<number>();
  const code: number[] = [];
  const numbers: Program['numbers'] = [];
  const push = (op: number, dst: number, a: number, b: number | Place, c: number, isBits = false) => {
    if (isBits) {
      const word = code.length + 3;
      if (typeof b === 'number') b = floatBits(b);
      else {
        numbers.push({ word, of: b });
        b = 0;
      }
    }
    code.push(op, dst, a, b as number, c);
  };
  const numeric = (a: Place | number | undefined): boolean =>
    typeof a === 'number' || (a !== undefined && ((given.has(a.at) && isNumber(a.at)) || ofHost.has(a.at)));
  /** The operand's register; a number gets one of its own. */
  const registerOf = (a: Place | number): number => {
    if (!numeric(a)) return register.get((a as Place).at)!;
    const dst = top++;
    push(NUMBER, dst, 0, a, 0, true);
    return dst;
  };
  /** Where a result goes: kept ones have a register of their own, others may take one that nothing reads again. */
  const destination = (s: Step, i: number): number => {
    for (const a of s.args) {
      if (typeof a === 'number' || given.has(a.at) || kept.has(a.at) || ofHost.has(a.at)) continue;
      const r = register.get(a.at)!;
      if (lastUse.get(a.at) === i && !free.includes(r)) free.push(r);
    }
    return kept.has(s.result.at) ? top++ : (free.pop() ?? top++);
  };
  for (const [i, s] of part.steps.entries()) {
    if (s.args.every(numeric)) {
      if (HOST[s.op] === undefined || kept.has(s.result.at)) return null;
      host.push(s);
      ofHost.add(s.result.at);
      continue;
    }
    const [x, y, z] = s.args as [Place | number, Place | number | undefined, Place | number | undefined];
    const codes = CODES[s.op] ?? {};
    let last: [op: number, a: number, b: number | Place, c: number, isBits: boolean];
    if (s.op === 'clamp') {
      const low = top++;
      push(CODES.maximum!.right!, low, registerOf(x), y!, 0, true);
      last = [CODES.minimum!.right!, low, z!, 0, true];
    } else if (s.op === 'elu') last = [ELU, registerOf(x), 1, 0, true];
    else if (y !== undefined && z === undefined && numeric(y) && codes.right !== undefined)
      last = [codes.right, registerOf(x), y, 0, true];
    else if (y !== undefined && numeric(x) && codes.left !== undefined)
      last = [codes.left, registerOf(y), x, 0, true];
    else if (codes.all !== undefined) {
      const [a, b = 0, c = 0] = s.args.map(registerOf) as [number, number?, number?];
      last = [codes.all, a, b, c, false];
    } else return null;
    const dst = destination(s, i);
    if (top > MOST_REGISTERS) return null;
    register.set(s.result.at, dst);
    const [op, a, b, c, isBits] = last;
    push(op, dst, a, b, c, isBits);
  }
  const outputs = part.wanted.map((at) => register.get(at));
  if (top > MOST_REGISTERS || outputs.includes(undefined)) return null;
  return { inputs, code: Int32Array.from(code), numbers, host, outputs: outputs as number[] };
}

/** The steps of one kind, reductions left out. */
export function stepsOf(steps: readonly Step[], narrow: boolean): Step[] {
  return steps.filter((s) => s.narrow === narrow && !reductions.has(s.op));
}

/** Writes the call's numbers into the program's words, which begin at `at`. `values` holds the operands by place. */
export function writeNumbers(
  { numbers, host }: Program,
  words: Int32Array,
  at: number,
  values: readonly unknown[],
): void {
  if (numbers.length === 0) return;
  let all = values;
  if (host.length > 0) {
    const more = [...values];
    const numberOf = (n: number | Place | undefined) =>
      (typeof n === 'number' ? n : n === undefined ? 0 : more[n.at]) as number;
    for (const { op, args, result } of host)
      more[result.at] = HOST[op]!(numberOf(args[0]), numberOf(args[1]));
    all = more;
  }
  for (const { word, of } of numbers)
    words[at + word] = floatBits((typeof of === 'number' ? of : all[of.at]) as number);
}
