/**
 * Formulas on TensorFlow (see ../core/fused.ts), by operations of its own that its binding runs. What is computed in
 * passing never becomes a tfjs tensor, and is freed after its last use.
 */
import type { Tensor } from '@tensorflow/tfjs';
import { type Executor, type Formula, type Place, shapesOf } from '../core/formula/fused.ts';
import { type Instruction, type Kind, type Program, programOf } from './tensorflow-program.ts';

/** tfjs-node's backend, as far as it is built upon here. */
export interface NodeBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  getInputTensorIds(tensors: readonly Tensor[]): number[];
  createOutputTensor(made: Made): Tensor;
}
interface Made {
  id: number;
  shape: number[];
  dtype: number;
}
interface Attribute {
  name: string;
  type: number;
  value: unknown;
}
type Constants = 'TF_FLOAT' | 'TF_INT32' | 'TF_BOOL' | 'TF_ATTR_TYPE' | 'TF_ATTR_FLOAT' | 'TF_ATTR_BOOL';
interface Binding extends Readonly<Record<Constants, number>> {
  readonly TF_Version?: string;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  executeOp(op: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: 1): [Made];
}

/** Values of a program that runs: the binding's tensors by place, some with what tfjs wants to know of them. */
class Values {
  readonly ids: number[];
  readonly made: Made[] = [];
  constructor(
    readonly binding: Binding,
    places: number,
  ) {
    this.ids = new Array<number>(places);
  }
}

export function tensorflowExecutor(backend: NodeBackend): Executor {
  const { binding } = backend;
  const attributes = attributesOf(binding);
  const programs = new WeakMap<Formula, Map<string, Program>>();
  const shapes = new Map<string, number>();
  /** Constants of formulas: as many as the emitted text has. */
  const constants = new Map<number, number>();

  const scalar = (value: number) => binding.createTensor([], binding.TF_FLOAT, Float32Array.of(value));
  const constant = (value: number): number => {
    let id = constants.get(value);
    if (id === undefined) {
      id = scalar(value);
      constants.set(value, id);
    }
    return id;
  };
  /** A list of whole numbers: axes, or a shape. */
  const list = (numbers: readonly number[]): number => {
    const key = numbers.join();
    let id = shapes.get(key);
    if (id === undefined) {
      id = binding.createTensor([numbers.length], binding.TF_INT32, Int32Array.from(numbers));
      shapes.set(key, id);
    }
    return id;
  };

  const execute = (formula: Formula, wide: readonly number[], values: Values, i: Instruction): void => {
    const { ids } = values;
    const arg = (a: Place | number) => (typeof a === 'number' ? constant(a) : ids[a.at]!);
    const run = (op: string, attrs: readonly Attribute[], inputs: readonly number[]) =>
      binding.executeOp(op, attrs, inputs, 1)[0];
    /** A truth value, used once. */
    const using = (truth: Made, f: (id: number) => Made): Made => {
      const out = f(truth.id);
      binding.deleteTensor(truth.id);
      return out;
    };
    let made: Made;
    switch (i.form) {
      case undefined:
        made = run(
          i.op,
          i.alpha === undefined ? attributes.plain : attributes.alpha(i.alpha),
          i.args.map(arg),
        );
        break;
      case 'truth':
        made = using(run(i.op, attributes.plain, i.args.map(arg)), (id) =>
          run('Cast', attributes.cast, [id]),
        );
        break;
      case 'select': {
        const [condition, a, b] = i.args as [Place | number, Place | number, Place | number];
        made = using(run(i.op, attributes.plain, [arg(condition), constant(0)]), (id) =>
          run('SelectV2', attributes.plain, [id, arg(a), arg(b)]),
        );
        break;
      }
      case 'broadcast':
        made = run(i.op, attributes.broadcast, [arg(i.args[0]!), list(wide)]);
        break;
      case 'reduction': {
        const axes = list(formula.axes);
        const attrs = formula.keep ? attributes.reduceKeeping : attributes.reduce;
        made = run(i.op, attrs, [arg(i.args[0]!), axes]);
      }
    }
    ids[i.result] = made.id;
    values.made[i.result] = made;
    for (const at of i.frees) binding.deleteTensor(ids[at]!);
  };

  const reshaped = (made: Made, shape: readonly number[]): Made => {
    const [out] = binding.executeOp('Reshape', attributes.reshape, [made.id, list(shape)], 1);
    binding.deleteTensor(made.id);
    return out;
  };

  return (formula, inputs) => {
    const { wide, narrow } = shapesOf(formula, inputs);
    const kinds = inputs.map((x) => kindOf(x, wide));
    const program = programFor(programs, formula, kinds);
    const values = new Values(binding, program.places);
    const numbers: number[] = [];
    inputs.forEach((x, at) => {
      if (typeof x !== 'number') values.ids[at] = backend.getInputTensorIds([x])[0]!;
      else {
        values.ids[at] = scalar(x);
        numbers.push(values.ids[at]);
      }
    });
    for (const instruction of program.instructions) execute(formula, wide, values, instruction);
    for (const id of numbers) binding.deleteTensor(id);
    return program.outputs.map((at, i) => {
      const made = values.made[at]!;
      // An operand of a narrow step may have more axes than it, of 1.
      const fits = !formula.outputs[i]!.narrow || sameShape(made.shape, narrow);
      return backend.createOutputTensor(fits ? made : reshaped(made, narrow));
    });
  };
}

function kindOf(x: Tensor | number, wide: readonly number[]): Kind {
  if (typeof x === 'number') return 'number';
  return sameShape(x.shape, wide) ? 'full' : 'smaller';
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

function programFor(
  programs: WeakMap<Formula, Map<string, Program>>,
  formula: Formula,
  kinds: readonly Kind[],
): Program {
  let variants = programs.get(formula);
  if (variants === undefined) {
    variants = new Map();
    programs.set(formula, variants);
  }
  const key = kinds.join();
  let program = variants.get(key);
  if (program === undefined) {
    program = programOf(formula, kinds);
    variants.set(key, program);
  }
  return program;
}

/** The lists of attributes that operations take; made once. */
function attributesOf(b: Binding) {
  const type = (name: string, value: number): Attribute => ({ name, type: b.TF_ATTR_TYPE, value });
  const float = type('T', b.TF_FLOAT);
  const alphas = new Map<number, Attribute[]>();
  const reduce = (keep: boolean) => [
    { name: 'keep_dims', type: b.TF_ATTR_BOOL, value: keep },
    float,
    type('Tidx', b.TF_INT32),
  ];
  return {
    plain: [float],
    cast: [
      type('SrcT', b.TF_BOOL),
      type('DstT', b.TF_FLOAT),
      { name: 'Truncate', type: b.TF_ATTR_BOOL, value: false },
    ],
    broadcast: [float, type('Tidx', b.TF_INT32)],
    reshape: [float, type('Tshape', b.TF_INT32)],
    reduce: reduce(false),
    reduceKeeping: reduce(true),
    alpha(value: number): Attribute[] {
      let found = alphas.get(value);
      if (found === undefined) {
        found = [{ name: 'alpha', type: b.TF_ATTR_FLOAT, value }, float];
        alphas.set(value, found);
      }
      return found;
    },
  };
}
