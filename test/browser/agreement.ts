/**
 * One model, seed and data on any backend: the losses of ten steps, and each net's gradient at the first weights. And the
 * same in float64. Nothing here knows its platform, so it runs in pages too.
 */
import type * as tf from '@tensorflow/tfjs';
import { type Dataset, Feed } from '../../runtimes/core/run/data.ts';
import type { CompiledModel, Hyper } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { analyse, planOf } from '../../src/compile.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { compileText } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';

export interface Case {
  name: string;
  text: string;
  set: Record<string, string>;
  batch: number;
}

export interface Found {
  losses: Record<string, number>[];
  /** Of each net, its weights' one after the other, by name. */
  gradients: Record<string, number[]>;
}

const SEED = 7;
const STEPS = 10;

/** Examples that no file has, so that every platform has them: waves of many lengths, in the range of pictures. */
function waves(size: number): Dataset {
  return {
    origin: 'made up',
    count: 64,
    read: async (indices) => [
      Float32Array.from({ length: indices.length * size }, (_, at) =>
        Math.fround(0.9 * Math.sin(indices[Math.floor(at / size)]! * 0.7 + (at % size) * 0.13)),
      ),
    ],
  };
}

function datasets(
  data: readonly { fields: readonly { name: string; type: { shape: readonly number[] } }[] }[],
) {
  return Object.fromEntries(
    data.map(({ fields }) => [fields[0]!.name, waves(fields[0]!.type.shape.reduce((a, b) => a * b, 1))]),
  );
}

/** A run that notes its gradients and leaves the weights as they are. */
class Standing extends TrainingRun {
  override update(_optimizer: string, gradients: Record<string, tf.Tensor>, _hyper: Hyper): void {
    for (const [name, gradient] of Object.entries(gradients)) this.gradient(name, gradient);
  }
  private gradient(name: string, gradient: tf.Tensor): void {
    this.kept.get(name)?.dispose();
    this.kept.set(name, gradient);
  }
  readonly kept = new Map<string, tf.Tensor>();
}

function begun<R extends TrainingRun>(run: R): R {
  run.state.initialise(SEED);
  run.beginPhase(run.model.phases[0]!);
  run.beginStep(true);
  return run;
}

/** On the backend that is set. */
export async function follow({ name, text, set, batch }: Case): Promise<Found> {
  const model: CompiledModel = compileText(name, text, set);
  for (const phase of model.phases) phase.batch = batch;
  const settings = { seed: SEED, datasets: datasets(model.data) };

  const standing = begun(new Standing(model, settings));
  await standing.phase.step(standing);
  const gradients: Found['gradients'] = {};
  for (const weight of [...standing.kept.keys()].sort()) {
    const values = await standing.kept.get(weight)!.data();
    const net = weight.split('/')[0]!;
    gradients[net] = [...(gradients[net] ?? []), ...values];
    standing.kept.get(weight)!.dispose();
  }
  standing.dispose();

  const run = begun(new TrainingRun(model, settings));
  const losses: Found['losses'] = [];
  for (let step = 0; step < STEPS; step++) {
    if (step > 0) run.beginStep(true);
    await run.phase.step(run);
    losses.push(await run.readNotes());
    run.endStep();
  }
  run.dispose();
  return { losses, gradients };
}

/** The same by the plan, in float64. */
export async function inFloat64({ name, text, set, batch }: Case): Promise<Found> {
  const { model, sources } = analyse({ source: { path: name, text }, set, load: () => undefined });
  const plan = planOf(model!, sources);
  const phases = plan.phases.map((phase) => ({ ...phase, batch }));
  const trainer = (): ReferenceTrainer => {
    const feeds = new Map(
      Object.entries(datasets(plan.data)).map(([record, data]) => [record, new Feed(record, data, SEED)]),
    );
    const made = new ReferenceTrainer(
      { ...plan, phases },
      supply(plan, SEED, (record, count) => feeds.get(record.fields[0]!.name)!.next(count)),
    );
    made.begin(phases[0]!);
    for (const feed of feeds.values()) feed.beginPass();
    return made;
  };

  const standing = trainer();
  const kept = new Map<string, NDArray>();
  standing.state.update = (_, weights, gradients) => {
    weights.forEach((weight, i) => {
      kept.set(weight, gradients[i]!);
    });
  };
  await standing.step(0);
  const gradients: Found['gradients'] = {};
  for (const weight of [...kept.keys()].sort()) {
    const net = weight.split('/')[0]!;
    gradients[net] = [...(gradients[net] ?? []), ...kept.get(weight)!.data];
  }

  const training = trainer();
  const losses: Found['losses'] = [];
  for (let step = 0; step < STEPS; step++) losses.push(await training.step(step));
  return { losses, gradients };
}

/** The largest |difference| / max(1, |loss|) of any loss at any step. */
export function lossDifference(a: Found, b: Found): number {
  let largest = 0;
  for (const [step, losses] of a.losses.entries()) {
    for (const [name, loss] of Object.entries(losses)) {
      const difference = Math.abs(loss - b.losses[step]![name]!) / Math.max(1, Math.abs(loss));
      // What is no number is no agreement.
      largest = difference <= largest ? largest : Number.isFinite(difference) ? difference : Infinity;
    }
  }
  return largest;
}

/** The largest relative difference, by L2, of any net's whole gradient. */
export function gradientDifference(found: Found, exact: Found): number {
  const norm = (x: readonly number[]) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  return Math.max(
    ...Object.entries(exact.gradients).map(([net, expected]) => {
      const got = found.gradients[net] ?? [];
      if (got.length !== expected.length) return Infinity;
      return norm(expected.map((v, i) => v - got[i]!)) / norm(expected);
    }),
  );
}
