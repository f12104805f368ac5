/**
 * The steps of the benchmark's workloads in a page, compiled and by hand, from the same weights and samples: their losses,
 * their launches, what they leave in memory.
 */
import * as tf from '@tensorflow/tfjs';
import { drawValues } from '../../runtimes/core/random.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { byHand } from '../bench/peers/by-hand.ts';
import w1 from '../bench/workloads/w1.gan';
import w2 from '../bench/workloads/w2.gan';
import w4 from '../bench/workloads/w4.gan';
import w5 from '../bench/workloads/w5.gan';
import { compileText } from '../emitted/load.ts';

const texts: Record<string, string> = { w1, w2, w4, w5 };

export interface Workload {
  name: 'w1' | 'w2' | 'w4' | 'w5';
  set: Record<string, string>;
}
export interface Steps {
  losses: Record<string, number>[];
  /** Draws of each step, reads for the log among them. */
  launches: number[];
  /** Of the last step, by the program's name. */
  programs: Record<string, number>;
  /** After each step. */
  tensors: number[];
  bytes: number[];
}

type Values = Record<string, { data: Float32Array; shape: number[] }>;

/** A run whose samples are given instead of drawn. */
export class Given extends TrainingRun {
  statements: Values[] = [];
  private statement = 0;
  override async sample(names: string[]): Promise<void> {
    const values = this.statements[this.statement++]!;
    for (const name of names) {
      const { data, shape } = values[name]!;
      this.state.replace(this.state.samples, name, tf.tensor(data, shape, 'float32'));
    }
    this.state.sampled++;
  }
  begin(statements: Values[]): void {
    this.statements = statements;
    this.statement = 0;
    this.beginStep(true);
  }
}

export function prepared({ name, set }: Workload): { run: Given; samples: (step: number) => Values[] } {
  const text = texts[name]!;
  const model = compileText(`${name}.gan`, text, set);
  const run = new Given(model, { seed: 1, datasets: {} });
  run.state.initialise(1);
  run.beginPhase(model.phases[0]!);
  const { batch } = model.phases[0]!;
  const statements = [...text.matchAll(/^ *sample (.*)$/gm)].map((m) => m[1]!.match(/\w+/g)!);
  const samples = (step: number) =>
    statements.map((names, i) =>
      Object.fromEntries(
        names.map((source) => {
          const noise = model.noise.find((n) => n.name === source);
          const field = model.data.flatMap((d) => d.fields).find((f) => f.name === source);
          const shape = [batch, ...(noise?.shape ?? field!.type.shape)];
          const dist = noise?.dist ?? ({ kind: 'uniform', low: -1, high: 1 } as const);
          return [source, { data: drawValues(1, `${source}/${i}`, step, dist, shape), shape }];
        }),
      ),
    );
  return { run, samples };
}

/** Counts draws from now on, and does not make them if `dry`: how many there are does not depend on what they draw. */
function counter(dry: boolean) {
  const { prototype } = WebGL2RenderingContext;
  const { drawElements, drawArrays } = prototype;
  const count = { launches: 0, programs: {} as Record<string, number> };
  prototype.drawElements = function (...args) {
    count.launches++;
    if (!dry) drawElements.apply(this, args);
  };
  prototype.drawArrays = function (...args) {
    count.launches++;
    if (!dry) drawArrays.apply(this, args);
  };
  const backend = tf.backend() as unknown as {
    runWebGLProgram?: (program: object, ...rest: unknown[]) => unknown;
  };
  const run = backend.runWebGLProgram;
  if (run !== undefined) {
    backend.runWebGLProgram = (program, ...rest) => {
      const { name } = program.constructor;
      count.programs[name] = (count.programs[name] ?? 0) + 1;
      return run.call(backend, program, ...rest);
    };
  }
  const stop = () => {
    Object.assign(prototype, { drawElements, drawArrays });
    if (run !== undefined) backend.runWebGLProgram = run;
  };
  return { count, stop };
}

async function follow(steps: number, dry: boolean, step: (i: number) => Promise<Record<string, number>>) {
  const out: Steps = { losses: [], launches: [], programs: {}, tensors: [], bytes: [] };
  const { count, stop } = counter(dry);
  for (let i = 0; i < steps; i++) {
    Object.assign(count, { launches: 0, programs: {} });
    out.losses.push(await step(i));
    out.launches.push(count.launches);
    out.programs = count.programs;
    const memory = tf.memory() as tf.MemoryInfo & { numBytesInGPU?: number };
    out.tensors.push(memory.numTensors);
    out.bytes.push(memory.numBytesInGPU ?? memory.numBytes);
  }
  stop();
  return out;
}

/** One step, and its losses. */
export async function stepOf(run: Given, samples: Values[]): Promise<Record<string, number>> {
  run.begin(samples);
  await run.phase.step(run);
  const losses = await run.readNotes();
  run.endStep();
  return losses;
}

/** Compiled by ganc. */
export async function compiled(workload: Workload, steps: number, dry = false): Promise<Steps> {
  const { run, samples } = prepared(workload);
  const result = await follow(steps, dry, (i) => stepOf(run, samples(i)));
  run.dispose();
  return result;
}

/** As a tfjs user writes it. */
export async function handWritten(workload: Workload, steps: number, dry = false): Promise<Steps> {
  const { run, samples } = prepared(workload);
  const weights = run.model.weights.map(({ name }): [string, tf.Tensor] => [name, run.state.live[name]!]);
  const step = byHand(workload.name, weights);
  const result = await follow(steps, dry, async (i) => {
    const feeds = samples(i).map((given) =>
      Object.fromEntries(
        Object.entries(given).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
      ),
    );
    const losses = await step(feeds);
    tf.dispose(feeds);
    return losses;
  });
  run.dispose();
  tf.disposeVariables();
  return result;
}
