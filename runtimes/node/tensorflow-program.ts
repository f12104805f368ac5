/**
 * A formula (see ../core/fused.ts) as a list of TensorFlow's operations. Where TensorFlow has one operation for several
 * of a formula's, the one is taken: gradients of activations, squared differences. Factors that are smaller than the
 * value that they scale are multiplied with each other first.
 */
import { type Formula, type Place, reductions, type Step } from '../core/formula/fused.ts';

/** What an operand is at run time: a number, a tensor of the whole (wide) shape, or a smaller one. */
export type Kind = 'number' | 'full' | 'smaller';

export interface Instruction {
  /** TensorFlow's name of the operation. */
  op: string;
  args: (Place | number)[];
  result: number;
  /** Attributes beside the type `T`. */
  alpha?: number;
  /** From truth values to floats, or a sum over the formula's axes. */
  form?: 'truth' | 'select' | 'reduction' | 'broadcast';
  /** Values in passing that nobody needs after it. */
  frees: number[];
}

export interface Program {
  instructions: Instruction[];
  /** Places of the results, in the formula's order. */
  outputs: number[];
  /** Places that it needs, inputs included. */
  places: number;
}

const simple: Record<string, string> = {
  add: 'AddV2',
  sub: 'Sub',
  mul: 'Mul',
  div: 'RealDiv',
  maximum: 'Maximum',
  minimum: 'Minimum',
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  rsqrt: 'Rsqrt',
  square: 'Square',
  abs: 'Abs',
  sign: 'Sign',
  floor: 'Floor',
  relu: 'Relu',
  elu: 'Elu',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  clamp: 'ClipByValue',
};
const comparisons: Record<string, string> = {
  equal: 'Equal',
  notEqual: 'NotEqual',
  less: 'Less',
  lessEqual: 'LessEqual',
  greater: 'Greater',
  greaterEqual: 'GreaterEqual',
};

type Arg = Place | number;

export function programOf(formula: Formula, kinds: readonly Kind[]): Program {
  const steps = new Map(formula.steps.map((step) => [step.result.at, step]));
  const kind: Kind[] = [...kinds];
  for (const { args, result, op } of formula.steps) {
    const full = !reductions.has(op) && args.some((a) => typeof a !== 'number' && kind[a.at] === 'full');
    kind[result.at] = full ? 'full' : 'smaller';
  }
  const uses = new Map<number, number>();
  const use = (at: number) => uses.set(at, (uses.get(at) ?? 0) + 1);
  for (const { args } of formula.steps) for (const a of args) if (typeof a !== 'number') use(a.at);
  for (const { at } of formula.outputs) use(at);

  const isFull = (a: Arg): a is Place => typeof a !== 'number' && kind[a.at] === 'full';
  /** The step that made an operand, if it has that name and nobody else uses it. */
  const inner = (a: Arg, op: string): Step | undefined => {
    if (typeof a === 'number' || uses.get(a.at) !== 1) return undefined;
    const step = steps.get(a.at);
    return step?.op === op ? step : undefined;
  };

  const list: Omit<Instruction, 'frees'>[] = [];
  let places = formula.inputs.length + formula.steps.length;
  const place = (): Place => ({ at: places++ });
  const emit = (op: string, args: Arg[], result: Place, more: Partial<Instruction> = {}): void => {
    list.push({ op, args, result: result.at, ...more });
  };
  /** Steps that became part of another's operation. */
  const taken = new Set<Step>();

  /** `a · step(b)` and `a · (1 − y²)`: gradients of relu, leaky relu and tanh. */
  const asGradient = ({ args, result }: Step): boolean => {
    for (const [dy, other] of [args, [...args].reverse()] as [Arg, Arg][]) {
      if (!isFull(dy)) continue;
      const gate = inner(other, 'step');
      if (gate && isFull(gate.args[0]!)) {
        const alpha = gate.args[1] as number;
        if (alpha === 0) emit('ReluGrad', [dy, gate.args[0]!], result);
        else emit('LeakyReluGrad', [dy, gate.args[0]!], result, { alpha });
        taken.add(gate);
        return true;
      }
      const rest = inner(other, 'sub');
      const square = rest?.args[0] === 1 ? inner(rest.args[1]!, 'square') : undefined;
      if (rest && square && isFull(square.args[0]!)) {
        emit('TanhGrad', [square.args[0]!, dy], result);
        taken.add(rest).add(square);
        return true;
      }
    }
    return false;
  };
  /** `x · a · b` of a whole x and smaller factors: x · (a · b). */
  const factorsFirst = ({ args, result }: Step): boolean => {
    const [left, b] = args as [Arg, Arg];
    const product = inner(left, 'mul');
    if (!product || isFull(b)) return false;
    const [x, a] = product.args as [Arg, Arg];
    if (!isFull(x) || isFull(a)) return false;
    const factor = place();
    emit('Mul', [a, b], factor);
    kind[factor.at] = 'smaller';
    // What is left is such a product itself.
    steps.set(result.at, { op: 'mul', args: [x, factor], result, narrow: false });
    taken.add(product);
    if (!rewrite(steps.get(result.at)!)) emit('Mul', [x, factor], result);
    return true;
  };
  const rewrite = (step: Step): boolean => {
    if (step.op === 'mul') return asGradient(step) || factorsFirst(step);
    if (step.op === 'square') {
      const difference = inner(step.args[0]!, 'sub');
      if (!difference) return false;
      emit('SquaredDifference', difference.args, step.result);
      taken.add(difference);
      return true;
    }
    return false;
  };

  // Backwards, so that a step is seen before those that it may take in; then turned around.
  const groups: Omit<Instruction, 'frees'>[][] = [];
  for (const step of [...formula.steps].reverse()) {
    if (taken.has(step) || (uses.get(step.result.at) ?? 0) === 0) continue;
    list.length = 0;
    if (!(step.narrow ? false : rewrite(step))) lower(step);
    groups.push([...list]);
  }
  function lower({ op, args, result }: Step) {
    const one = simple[op];
    if (one !== undefined) return emit(one, args, result);
    const compare = comparisons[op];
    if (compare !== undefined) return emit(compare, args, result, { form: 'truth' });
    if (op === 'leaky_relu') return emit('LeakyRelu', [args[0]!], result, { alpha: args[1] as number });
    if (op === 'not') return emit('Equal', [args[0]!, 0], result, { form: 'truth' });
    if (op === 'and' || op === 'or') {
      // Of truth values 0 and 1 the smaller and the larger.
      const [p, q] = [place(), place()];
      emit('NotEqual', [args[0]!, 0], p, { form: 'truth' });
      emit('NotEqual', [args[1]!, 0], q, { form: 'truth' });
      return emit(op === 'and' ? 'Minimum' : 'Maximum', [p, q], result);
    }
    if (op === 'where') return emit('NotEqual', args, result, { form: 'select' });
    if (op === 'step') return emit('Greater', [args[0]!, 1, args[1]!], result, { form: 'select' });
    if (reductions.has(op)) {
      // What is smaller counts repeated.
      const all = isFull(args[0]!) ? args[0] : place();
      if (all !== args[0]) emit('BroadcastTo', [args[0]!], all, { form: 'broadcast' });
      return emit(op === 'sum' ? 'Sum' : 'Mean', [all], result, { form: 'reduction' });
    }
    throw new Error(`TensorFlow is not told what ${op} is.`);
  }
  const ordered = groups.reverse().flat();

  // A result of its own for each output, of the whole shape.
  const outputs: number[] = [];
  for (const { at, narrow } of formula.outputs) {
    if (!outputs.includes(at) && (narrow || kind[at] === 'full')) outputs.push(at);
    else {
      const copy = place();
      if (narrow) ordered.push({ op: 'Identity', args: [{ at }], result: copy.at });
      else ordered.push({ op: 'BroadcastTo', args: [{ at }], result: copy.at, form: 'broadcast' });
      outputs.push(copy.at);
    }
  }
  return { instructions: withFrees(ordered, formula.inputs.length, outputs), outputs, places };
}

function withFrees(
  list: readonly Omit<Instruction, 'frees'>[],
  inputs: number,
  outputs: readonly number[],
): Instruction[] {
  const seen = new Set<number>([...outputs, ...Array.from({ length: inputs }, (_, i) => i)]);
  return [...list]
    .reverse()
    .map((instruction) => {
      const frees: number[] = [];
      for (const a of instruction.args) {
        if (typeof a === 'number' || seen.has(a.at)) continue;
        seen.add(a.at);
        frees.push(a.at);
      }
      return { ...instruction, frees };
    })
    .reverse();
}
