/** What chains and groups have in common: a formula's values by name, and the steps between them as WGSL. */
import type { Formula, Place, Step } from '../../core/formula/fused.ts';
import { expression, type Lanes, literal, preamble } from './wgsl.ts';

/** A formula, or the part of one that gives some of its outputs. */
export interface Part {
  formula: Formula;
  steps: readonly Step[];
  outputs: readonly number[];
  /** Inputs that are tensors and that wide or narrow steps of the part read. */
  wide: readonly number[];
  narrow: readonly number[];
}

/** What is known of a formula's inputs before it runs. */
export interface Operands {
  isNumber(input: number): boolean;
  shape(input: number): readonly number[];
  /** Kept as whole numbers: tfjs leaves truth values as they are when it casts them to floats. */
  isWhole(input: number): boolean;
}

export const isReduction = (step: Step): boolean => step.op === 'sum' || step.op === 'mean';

/** The steps that these outputs (by their place in the formula's list) need, and what those read. */
export function partOf(formula: Formula, outputs: readonly number[], { isNumber }: Operands): Part {
  const inputs = formula.inputs.length;
  const needed = new Set<number>();
  const visit = (at: number): void => {
    if (needed.has(at)) return;
    needed.add(at);
    if (at < inputs) return;
    for (const arg of formula.steps[at - inputs]!.args) if (typeof arg !== 'number') visit(arg.at);
  };
  for (const o of outputs) visit(formula.outputs[o]!.at);
  const steps = formula.steps.filter((s) => needed.has(s.result.at));
  const wide = new Set<number>();
  const narrow = new Set<number>();
  for (const step of steps) {
    const reads = step.narrow && !isReduction(step) ? narrow : wide;
    for (const arg of step.args)
      if (typeof arg !== 'number' && arg.at < inputs && !isNumber(arg.at)) reads.add(arg.at);
  }
  const ascending = (set: Set<number>) => [...set].sort((a, b) => a - b);
  return { formula, steps, outputs, wide: ascending(wide), narrow: ascending(narrow) };
}

/** Numbers that come with each call: operands that are numbers, and constants that WGSL cannot write. */
export class Floats {
  private readonly taken: (number | Place)[] = [];
  private readonly seen = new Map<string, string>();

  /** The name of an input's number. */
  input(at: number): string {
    return this.name(`input ${at}`, { at });
  }
  constant(x: number): string {
    return literal(x) ?? this.name(`constant ${x}`, x);
  }
  private name(key: string, value: number | Place): string {
    let name = this.seen.get(key);
    if (name === undefined) {
      name = `T(u.f${this.taken.length})`;
      this.taken.push(value);
      this.seen.set(key, name);
    }
    return name;
  }
  fields(): string[] {
    return this.taken.map((_, i) => `f${i}: f32,`);
  }
  values(): readonly (number | Place)[] {
    return this.taken;
  }
}

/**
 * Lines that compute these steps (without reductions), as `let v7 = …;`. `named` are the values there are already, by
 * place. null: an operation that has no WGSL.
 */
export function stepLines(
  steps: readonly Step[],
  named: Map<number, string>,
  operands: Operands,
  inputs: number,
  floats: Floats,
): string[] | null {
  const lines: string[] = [];
  for (const { op, args, result } of steps) {
    const values = args.map((arg) => valueName(arg, named, operands, inputs, floats));
    const text = expression(op, values);
    if (text === null) return null;
    named.set(result.at, `v${result.at}`);
    lines.push(`let v${result.at} = ${text};`);
  }
  return lines;
}

export function valueName(
  arg: Place | number,
  named: ReadonlyMap<number, string>,
  { isNumber }: Operands,
  inputs: number,
  floats: Floats,
): string {
  if (typeof arg === 'number') return floats.constant(arg);
  if (arg.at < inputs && isNumber(arg.at)) return floats.input(arg.at);
  return named.get(arg.at)!;
}

/** A buffer as a program sees it. */
export interface Binding {
  name: string;
  lanes: Lanes;
  written: boolean;
  whole?: boolean;
}

/** A whole program: types and functions, bindings from 0 on with the uniforms last, and what an invocation does. */
export function programText(parts: {
  lanes: Lanes;
  operations: Iterable<string>;
  bindings: readonly Binding[];
  sizes: readonly string[];
  floats: Floats;
  shared?: string;
  body: readonly string[];
}): string {
  const { lanes, operations, bindings, sizes, floats, shared = '', body } = parts;
  const buffers = bindings.map(({ name, lanes, written, whole }, i) => {
    const access = written ? 'read_write' : 'read';
    const one = whole ? 'i32' : 'f32';
    const type = lanes === 4 ? `vec4<${one}>` : one;
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type}>;`;
  });
  return [
    preamble(lanes, operations),
    `struct Uniforms { ${[...sizes.map((name) => `${name}: u32,`), ...floats.fields()].join(' ')} }`,
    ...buffers,
    `@group(0) @binding(${bindings.length}) var<uniform> u: Uniforms;`,
    shared,
    `@compute @workgroup_size(${INVOCATIONS})`,
    'fn run(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,',
    '    @builtin(local_invocation_index) lane: u32) {',
    ...body.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}

/** Invocations of a workgroup: what every WebGPU device can do. */
export const INVOCATIONS = 256;
