/** Formulas without reductions: one invocation computes one place (or four neighbours) of all outputs. */
import type { Formula } from '../../core/formula/fused.ts';
import {
  type Binding,
  Floats,
  INVOCATIONS,
  type Operands,
  type Part,
  programText,
  stepLines,
} from './formula.ts';
import { coordinates, joinAxes, offset } from './indexing.ts';
import type { Lanes } from './wgsl.ts';

/** A program's text for operands of some shapes, and what it is told. Tensors are bound inputs first, outputs after. */
export interface Written {
  label: string;
  code: string;
  inputs: readonly number[];
  sizes: readonly number[];
  floats: Floats;
  workgroups: number;
}

/** null: an operation that has no WGSL. */
export function writeChain(part: Part, wide: readonly number[], operands: Operands): Written | null {
  const { formula, steps, outputs } = part;
  const { sizes, has } = joinAxes(wide, part.wide.map(operands.shape));
  const lanes: Lanes = (sizes.at(-1) ?? 1) % 4 === 0 ? 4 : 1;
  if (lanes === 4) sizes[sizes.length - 1]! /= 4;
  const names = sizes.map((_, k) => `c${k}`);
  const fields = sizes.map((_, k) => `u.d${k}`);
  const floats = new Floats();
  const named = new Map<number, string>();
  const bindings: Binding[] = [];
  const body = [
    `let at = (group.y * groups.x + group.x) * ${INVOCATIONS}u + lane;`,
    'if (at >= u.count) { return; }',
  ];
  if (has.some((own) => own.includes(false) && own.includes(true)))
    body.push(...coordinates('at', names, fields));
  part.wide.forEach((input, i) => {
    const own = has[i]!;
    const place = own.includes(false) ? offset(own, names, fields) : 'at';
    // An operand that repeats along the last axis is the same for all four neighbours.
    const along = lanes === 4 && own.at(-1) === true;
    bindings.push({
      name: `i${input}`,
      lanes: along ? 4 : 1,
      written: false,
      whole: operands.isWhole(input),
    });
    named.set(input, `x${input}`);
    body.push(`let x${input} = T(i${input}[${place}]);`);
  });
  const lines = stepLines(steps, named, operands, formula.inputs.length, floats);
  if (lines === null) return null;
  body.push(...lines);
  outputs.forEach((o) => {
    bindings.push({ name: `o${o}`, lanes, written: true });
    body.push(`o${o}[at] = ${named.get(formula.outputs[o]!.at)};`);
  });
  const count = sizes.reduce((a, b) => a * b, 1);
  return {
    label: labelOf(formula),
    code: programText({
      lanes,
      operations: steps.map((s) => s.op),
      bindings,
      sizes: ['count', ...sizes.map((_, k) => `d${k}`)],
      floats,
      body,
    }),
    inputs: part.wide,
    sizes: [count, ...sizes],
    floats,
    workgroups: Math.ceil(count / INVOCATIONS),
  };
}

/** For error messages and captures: what is computed. */
export function labelOf(formula: Formula): string {
  return `ganc ${formula.outputs.map((o) => o.name).join(' ')}`;
}
