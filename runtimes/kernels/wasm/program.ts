/** Formulas as programs of the vector machine (assembly/chain.ts). */
import { type Place, reductions, type Step } from '../../core/formula/fused.ts';
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
const ADD = 0;
const SUB = 1;
const DIV = 3;
const SQRT = 34;
const SQUARE = 37;
const ADD_NUMBER = 64;
const TIMES = 65;
const ELU = 75;
const TIMES_ADD_NUMBER = 77;
const NUMBER = 78;
const SQUARE_TIMES = 81;
const SQRT_TIMES_ADD_NUMBER = 82;
const TIMES_ADD = 96;
const DIV_TIMES = 97;
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
  numbers: { word: number; of: Place; negative: boolean }[];
  /** Steps of numbers alone, which the host works out, in order. */
  host: Step[];
  /** The registers of what is wanted. */
  outputs: number[];
}

/** An instruction whose registers are not chosen yet: operands and result by place in the formula, or of its own. */
interface Instruction {
  op: number;
  from: number[];
  numbers: { of: number | Place; negative: boolean }[];
  result: number;
}

/** null: too long for the machine, or an operation that it has not. `isNumber` of every place that the part is given. */
export function compile(part: Part, isNumber: (place: number) => boolean): Program | null {
  const given = new Set(part.inputs);
  const host: Step[] = [];
  const ofHost = new Set<number>();
  const numeric = (a: Place | number | undefined): boolean =>
    typeof a === 'number' || (a !== undefined && ((given.has(a.at) && isNumber(a.at)) || ofHost.has(a.at)));
  const wanted = new Set(part.wanted);
  let list: Instruction[] = [];
  // Values that are no step's have negative places.
  let own = 0;
  const push = (op: number, from: number[], numbers: (number | Place)[], result = --own): number => {
    list.push({ op, from, numbers: numbers.map((of) => ({ of, negative: false })), result });
    return result;
  };
  /** The operand's place; a number is put into a register of its own. */
  const placeOf = (a: Place | number): number => (numeric(a) ? push(NUMBER, [], [a]) : (a as Place).at);
  for (const { op, args, result } of part.steps) {
    if (args.every(numeric)) {
      if (HOST[op] === undefined || wanted.has(result.at)) return null;
      host.push({ op, args, result, narrow: false });
      ofHost.add(result.at);
      continue;
    }
    const [x, y, z] = args as [Place | number, Place | number | undefined, Place | number | undefined];
    const codes = CODES[op] ?? {};
    if (op === 'clamp') {
      const low = push(CODES.maximum!.right!, [placeOf(x)], [y!]);
      push(CODES.minimum!.right!, [low], [z!], result.at);
    } else if (op === 'elu') push(ELU, [placeOf(x)], [1], result.at);
    else if (y !== undefined && z === undefined && numeric(y) && codes.right !== undefined)
      push(codes.right, [placeOf(x)], [y], result.at);
    else if (y !== undefined && numeric(x) && codes.left !== undefined)
      push(codes.left, [placeOf(y)], [x], result.at);
    else if (codes.all !== undefined) push(codes.all, args.map(placeOf), [], result.at);
    else return null;
  }
  list = joined(list, wanted);
  const inputs = part.inputs.filter((at) => !isNumber(at));
  const registers = allocate(list, inputs, wanted);
  const outputs = part.wanted.map((at) => registers?.get(at));
  if (registers === null || outputs.includes(undefined)) return null;
  const code = new Int32Array(list.length * 5);
  const numbers: Program['numbers'] = [];
  list.forEach((i, k) => {
    const word = k * 5;
    code.set([i.op, registers.get(i.result)!, ...i.from.map((at) => registers.get(at)!)], word);
    i.numbers.forEach(({ of, negative }, n) => {
      const place = word + Math.max(3, 2 + i.from.length) + n;
      if (typeof of === 'number') code[place] = floatBits(negative ? -of : of);
      else numbers.push({ word: place, of, negative });
    });
  });
  return { inputs, code, numbers, host, outputs: outputs as number[] };
}

/**
 * Instructions that follow each other as one, where the machine has it and nothing else reads what is between them. They
 * round as they did apart.
 */
function joined(list: readonly Instruction[], wanted: ReadonlySet<number>): Instruction[] {
  const uses = new Map<number, number>();
  for (const { from } of list) for (const at of from) uses.set(at, (uses.get(at) ?? 0) + 1);
  const made = new Map<number, Instruction>();
  /** The instruction of this code that makes an operand for one reader alone. */
  const maker = (at: number | undefined, op: number): Instruction | undefined => {
    const i = at === undefined ? undefined : made.get(at);
    return i?.op === op && uses.get(at!) === 1 && !wanted.has(at!) ? i : undefined;
  };
  const join = (i: Instruction): Instruction => {
    const [a, b] = i.from;
    const take = (op: number, inner: Instruction, from: number[], numbers: Instruction['numbers']) => {
      made.delete(inner.result);
      return { op, from, numbers, result: i.result };
    };
    if (i.op === ADD) {
      const left = maker(a, TIMES);
      if (left) return take(TIMES_ADD, left, [left.from[0]!, b!], left.numbers);
      const right = maker(b, TIMES);
      if (right) return take(TIMES_ADD, right, [right.from[0]!, a!], right.numbers);
    }
    if (i.op === SUB) {
      const right = maker(b, TIMES);
      if (right) {
        const [{ of, negative }] = right.numbers as [Instruction['numbers'][number]];
        return take(TIMES_ADD, right, [right.from[0]!, a!], [{ of, negative: !negative }]);
      }
    }
    if (i.op === ADD_NUMBER) {
      const times = maker(a, TIMES);
      const root = times && maker(times.from[0], SQRT);
      if (root) made.delete(root.result);
      const numbers = times && [...times.numbers, ...i.numbers];
      if (times)
        return take(
          root ? SQRT_TIMES_ADD_NUMBER : TIMES_ADD_NUMBER,
          times,
          root ? root.from : times.from,
          numbers!,
        );
    }
    if (i.op === TIMES) {
      const square = maker(a, SQUARE);
      if (square) return take(SQUARE_TIMES, square, square.from, i.numbers);
      const ratio = maker(a, DIV);
      if (ratio) return take(DIV_TIMES, ratio, ratio.from, i.numbers);
    }
    return i;
  };
  for (const i of list) {
    const one = join(i);
    made.set(one.result, one);
  }
  return [...made.values()];
}

/** Registers by place: of the inputs first. What is wanted keeps its own; others are taken again once read. */
function allocate(
  list: readonly Instruction[],
  inputs: readonly number[],
  wanted: ReadonlySet<number>,
): Map<number, number> | null {
  const lastUse = new Map<number, number>();
  list.forEach(({ from }, k) => {
    for (const at of from) lastUse.set(at, k);
  });
  const registers = new Map(inputs.map((at, i) => [at, i]));
  const keeps = new Set([...inputs, ...wanted]);
  let top = inputs.length;
  const free: number[] = [];
  for (const [k, { from, result }] of list.entries()) {
    for (const at of new Set(from))
      if (!keeps.has(at) && lastUse.get(at) === k) free.push(registers.get(at)!);
    registers.set(result, wanted.has(result) ? top++ : (free.pop() ?? top++));
    if (top > MOST_REGISTERS) return null;
  }
  return registers;
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
  for (const { word, of, negative } of numbers) {
    const x = all[of.at] as number;
    words[at + word] = floatBits(negative ? -x : x);
  }
}
