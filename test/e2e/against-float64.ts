/**
 * Runs a program as it is emitted, and the same plan in float64, from the same data and noise: losses, metrics, and the
 * outputs at the end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { dataStream, drawStream, drawValues, permutation, sourceStream } from '../../runtimes/core/random.ts';
import { type Dataset, Feed } from '../../runtimes/core/run/data.ts';
import type { DistributionSpec } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import type { Leaf } from '../../src/ir/graph.ts';
import type { Distribution, NDArray } from '../../src/ir/types.ts';
import { loadModule } from '../emitted/load.ts';
import { evaluateOutput, ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';

const seed = 11;
const steps = 20;
/** How many examples of each output are looked at. */
const examples = 3;
/** A tensor of float32 against float64: relative where values are large. */
const tolerance = 1e-3;
const folder = join(import.meta.dirname, '../../models');

export interface Case {
  readonly path: string;
  readonly set?: Record<string, string>;
  readonly batch: number;
}

function compiled({ path, set = {}, batch }: Case) {
  const source = { path, text: readFileSync(path, 'utf8') };
  const { model, sources } = analyse({ source, set, load: () => undefined });
  const plan = planOf(model!, sources);
  const program = loadModule(moduleOf(model!, sources).code);
  for (const phase of program.phases) phase.batch = batch;
  const phases = plan.phases.map((phase) => ({ ...phase, batch }));
  return { plan: { ...plan, phases }, program };
}

type Compiled = ReturnType<typeof compiled>;
type Notes = Record<string, number>[];

/** The data that the file names. */
async function datasets({ plan }: Compiled): Promise<Record<string, Dataset>> {
  const opened = await Promise.all(
    plan.data.map(async ({ fields, from }) => {
      const declared = fields.map(({ name, type }) => ({ name, type: { ...type, shape: [...type.shape] } }));
      return [fields[0]!.name, await openSource(from!, declared, { directory: folder })] as const;
    }),
  );
  return Object.fromEntries(opened);
}

interface Ran {
  readonly notes: Notes;
  /** Values of the outputs after the last step, for a few examples. */
  readonly outputs: Record<string, ArrayLike<number>>;
}

/** The float64 run. */
async function reference({ plan }: Compiled, data: Record<string, Dataset>): Promise<Ran> {
  const feeds = new Map(Object.entries(data).map(([name, set]) => [name, new Feed(name, set, seed)]));
  const trainer = new ReferenceTrainer(
    plan,
    supply(plan, seed, (record, count) => feeds.get(record.fields[0]!.name)!.next(count)),
  );
  const notes: Notes = [];
  for (const phase of plan.phases) {
    trainer.begin(phase);
    for (const feed of feeds.values()) feed.beginPass();
    for (let step = 0; step < steps; step++) notes.push(await trainer.step(step));
  }
  const outputs: Ran['outputs'] = {};
  for (const output of plan.outputs) {
    const samples = await ownSamples(plan, output.sources, data);
    const value = evaluateOutput(output, examples, ({ leaf, count, shape }, turns) => {
      if (leaf.kind === 'source') return samples[leaf.name]!;
      if (leaf.kind === 'draw') {
        const full = count === null ? shape : [examples, ...shape];
        const place = [`${leaf.place}#0`, ...turns].join('/');
        const values = drawValues(seed, `look/${drawStream(place)}`, 0, spec(leaf.dist), full);
        return { shape: full, data: Float64Array.from(values) };
      }
      if (leaf.kind === 'host') return trainer.state.leaf(leaf);
      const { name, copy } = leaf as Extract<Leaf, { kind: 'weight' | 'stat' }>;
      const net = [...plan.weights, ...plan.stats].find((w) => w.name === name)!.net;
      const averages = plan.phases.at(-1)!.averaged.includes(net);
      return trainer.state.copy(copy === 'output' ? (averages ? 'averaged' : 'live') : copy, name);
    });
    outputs[output.name] = value.data;
  }
  return { notes, outputs };
}

/** The samples that an output is shown with: noise and examples of its own, from streams named `look`. */
async function ownSamples(
  { data, noise }: Compiled['plan'],
  sources: readonly string[],
  sets: Record<string, Dataset>,
): Promise<Record<string, NDArray>> {
  const samples: Record<string, NDArray> = {};
  for (const { name, dist, shape } of noise) {
    if (!sources.includes(name)) continue;
    const full = [examples, ...shape];
    const values = drawValues(seed, `look/${sourceStream(name)}`, 0, spec(dist), full);
    samples[name] = { shape: full, data: Float64Array.from(values) };
  }
  for (const { fields } of data) {
    if (!fields.some((f) => sources.includes(f.name))) continue;
    const set = sets[fields[0]!.name]!;
    const order = permutation(seed, `look/${dataStream(fields[0]!.name)}`, 0, set.count);
    const values = await set.read(order.subarray(0, examples));
    fields.forEach(({ name, type }, i) => {
      samples[name] = { shape: [examples, ...type.shape], data: Float64Array.from(values[i]!) };
    });
  }
  return samples;
}

const spec = (dist: Distribution) => dist as DistributionSpec;

/** The emitted program's run. */
async function emitted({ program }: Compiled, data: Record<string, Dataset>): Promise<Ran> {
  const run = new TrainingRun(program, { seed, datasets: data });
  run.state.initialise(seed);
  const notes: Notes = [];
  for (const [i, phase] of program.phases.entries()) {
    run.state.phase = i;
    run.beginPhase(phase);
    for (let step = 0; step < steps; step++) {
      run.beginStep(true);
      await phase.step(run);
      notes.push(await run.readNotes());
      run.endStep();
    }
  }
  const outputs: Ran['outputs'] = {};
  for (const output of program.outputs) {
    const result = await run.evaluate(output, examples, 'look');
    outputs[output.name] = await result.data();
    result.dispose();
  }
  run.dispose();
  return { notes, outputs };
}

/** Float64 is slow, and the same for all backends. */
const references = new Map<string, Promise<Ran>>();

/** Twenty steps of each phase on the backend that is set. */
export async function agreesWithFloat64(given: Case): Promise<void> {
  const model = compiled(given);
  const data = await datasets(model);
  const known = references.get(given.path) ?? reference(model, data);
  references.set(given.path, known);
  const [expected, found] = [await known, await emitted(model, data)];

  expect(found.notes.length).toBe(expected.notes.length);
  for (const [step, values] of expected.notes.entries()) {
    const here = found.notes[step]!;
    expect(Object.keys(here).sort()).toEqual(Object.keys(values).sort());
    for (const [loss, value] of Object.entries(values)) near(here[loss]!, value, `${loss} at step ${step}`);
  }
  expect(Object.keys(found.outputs)).toEqual(Object.keys(expected.outputs));
  for (const [output, values] of Object.entries(expected.outputs)) {
    const here = found.outputs[output]!;
    expect(here.length).toBe(values.length);
    for (let i = 0; i < values.length; i++) near(here[i]!, values[i]!, `${output}[${i}]`);
  }
}

function near(found: number, expected: number, what: string): void {
  const error = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
  if (!(error <= tolerance)) expect.fail(`${what} is ${found}, in float64 ${expected}`);
}
