/**
 * A formula with reductions as parts that follow one another: its wide steps, its reductions, its narrow steps. With it an
 * executor that knows elementwise chains runs any formula.
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Executor, type Formula, type Place, reductions, shapesOf } from '../formula/fused.ts';

export interface Parts {
  /** The wide steps, on the inputs that they read: gives the wide outputs, and what is reduced. null: there are no steps. */
  wide: Formula | null;
  /** Places (of the whole formula) of what each reduction reduces, and of its result. */
  reductions: { op: 'sum' | 'mean'; of: Place | number; result: Place }[];
  /** The narrow steps after them, on reductions and on the inputs that they read. null: there are no steps. */
  narrow: Formula | null;
  /** For each part the places of its inputs and of its outputs in the whole formula. */
  places: { wide: PartPlaces; narrow: PartPlaces };
}
export interface PartPlaces {
  inputs: number[];
  outputs: number[];
}

const known = new WeakMap<Formula, Parts>();

export function partsOf(f: Formula): Parts {
  let parts = known.get(f);
  if (parts === undefined) {
    parts = split(f);
    known.set(f, parts);
  }
  return parts;
}

function split(f: Formula): Parts {
  const isReduction = (at: number) => reductions.has(f.steps[at - f.inputs.length]?.op ?? '');
  const reduced = f.steps.flatMap(({ op, args, result }) =>
    reductions.has(op) ? [{ op: op as 'sum' | 'mean', of: args[0]!, result }] : [],
  );
  const outputsOf = (narrow: boolean) => f.outputs.filter((o) => o.narrow === narrow).map((o) => o.at);
  const made = reduced.flatMap(({ of }) =>
    typeof of !== 'number' && of.at >= f.inputs.length ? [of.at] : [],
  );
  const wide = part(f, false, [...new Set([...outputsOf(false), ...made])]);
  const narrow = part(
    f,
    true,
    outputsOf(true).filter((at) => !isReduction(at)),
  );
  return {
    wide: wide.formula,
    reductions: reduced,
    narrow: narrow.formula,
    places: { wide: wide.places, narrow: narrow.places },
  };
}

/** The steps of one kind, reductions left out, as a formula of its own. */
function part(
  f: Formula,
  narrow: boolean,
  outputs: number[],
): { formula: Formula | null; places: PartPlaces } {
  const steps = f.steps.filter((s) => s.narrow === narrow && !reductions.has(s.op));
  const inside = new Set(steps.map((s) => s.result.at));
  const inputs = [
    ...new Set(
      steps.flatMap((s) => s.args.flatMap((a) => (typeof a === 'number' || inside.has(a.at) ? [] : [a.at]))),
    ),
  ].sort((p, q) => p - q);
  const places: PartPlaces = { inputs, outputs };
  if (steps.length === 0) return { formula: null, places };
  const at = new Map(inputs.map((place, i) => [place, i]));
  steps.forEach((s, i) => {
    at.set(s.result.at, inputs.length + i);
  });
  const moved = (place: number) => at.get(place)!;
  return {
    formula: {
      inputs: inputs.map((place) => f.inputs[place] ?? `r${place}`),
      reads: inputs.map(() => ({ wide: true, narrow: false })),
      steps: steps.map(({ op, args, result }) => ({
        op,
        args: args.map((a) => (typeof a === 'number' ? a : { at: moved(a.at) })),
        result: { at: moved(result.at) },
        narrow: false,
      })),
      outputs: outputs.map((place) => ({ name: `v${place}`, at: moved(place), narrow: false })),
      axes: [],
      keep: false,
    },
    places,
  };
}

/** Runs a formula's parts one after the other: steps by `chain`, which need not know reductions; these by tfjs. */
export function inParts(chain: Executor): Executor {
  return (f, inputs) =>
    f.axes.length === 0
      ? chain(f, inputs)
      : tf.tidy(() => {
          const { wide, reductions, narrow, places } = partsOf(f);
          const values: (Tensor | number)[] = [...inputs];
          const runPart = (formula: Formula | null, { inputs, outputs }: PartPlaces) => {
            if (formula === null) return;
            const results = chain(
              formula,
              inputs.map((at) => values[at]!),
            );
            outputs.forEach((at, i) => {
              values[at] = results[i]!;
            });
          };
          runPart(wide, places.wide);
          const shape = shapesOf(f, inputs).wide;
          for (const { op, of, result } of reductions) {
            const x = typeof of === 'number' ? of : values[of.at]!;
            const all = tf.broadcastTo(x as Tensor, shape);
            values[result.at] =
              op === 'sum' ? tf.sum(all, [...f.axes], f.keep) : tf.mean(all, [...f.axes], f.keep);
          }
          runPart(narrow, places.narrow);
          return f.outputs.map(({ at }) => values[at] as Tensor);
        });
}
