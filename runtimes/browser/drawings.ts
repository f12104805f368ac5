/** What a page sees of a run: outputs on fixed noise, real examples beside them, and critics as surfaces. */
import { UserError } from '../core/errors.ts';
import type { OutputSpec, TypeSpec } from '../core/model.ts';
import { drawnCount, isDrawable, outputValues, surroundings } from '../core/outputs.ts';
import type { TrainingRun } from '../core/run.ts';
import type { Drawn, FromWorker, Latents, Region } from './protocol.ts';

/** The stream of Node's pictures too: the same latents give the same examples there. */
const FIXED = 'pictures';

export interface Watched {
  outputs: Record<string, number>;
  surface: Region | null | 'default';
  every: number;
  visible: boolean;
}

export function watchedFirst(outputs: readonly OutputSpec[]): Watched {
  return {
    outputs: Object.fromEntries(outputs.filter(isDrawable).map((o) => [o.name, drawnCount(o)])),
    surface: 'default',
    every: 500,
    visible: true,
  };
}

export async function drawAll(
  run: TrainingRun,
  watched: Watched,
  send: (message: FromWorker, transfer: Transferable[]) => void,
): Promise<void> {
  for (const [name, count] of Object.entries(watched.outputs)) {
    const output = run.model.outputs.find((o) => o.name === name);
    if (output === undefined || count < 1) continue;
    const drawn = await drawOutput(run, output, count, FIXED);
    send({ type: 'samples', ...drawn }, [drawn.values.buffer]);
  }
}

async function drawOutput(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
): Promise<Drawn> {
  const values = await outputValues(run, output, count, stream);
  const { sampleRate } = output.type.meaning === 'sound' ? await surroundings(run, output) : {};
  const { shape } = output.type;
  return {
    output: output.name,
    step: run.state.total,
    count: values.length / sizeOf(shape),
    shape,
    values,
    ...(sampleRate === undefined ? {} : { sampleRate }),
  };
}

/** Examples of an output as a page asks for them. */
export async function sampleFor(
  run: TrainingRun,
  name: string,
  count: number,
  from: Latents,
): Promise<Drawn & { latents: Record<string, Float32Array> }> {
  const output = run.model.outputs.find((o) => o.name === name);
  if (output === undefined) throw new UserError(`${run.model.name} has no output \`${name}\``);
  const stream = from.kind === 'seed' ? `seed ${from.seed}` : FIXED;
  return { ...(await drawOutput(run, output, count, stream)), latents: {} };
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Real examples of every field that has a picture. */
export async function realExamples(run: TrainingRun): Promise<Extract<FromWorker, { type: 'real' }>[]> {
  const out: Extract<FromWorker, { type: 'real' }>[] = [];
  for (const record of run.model.data) {
    const name = record.fields[0]!.name;
    const feed = run.feeds[name];
    if (feed === undefined) continue;
    for (const [index, field] of record.fields.entries()) {
      if (!isDrawable({ type: field.type } as OutputSpec)) continue;
      const count = Math.min(feed.dataset.count, drawnCount({ type: field.type } as OutputSpec));
      const values = (await feed.dataset.read(firstOf(count)))[index]!;
      out.push({
        type: 'real',
        record: name,
        field: field.name,
        spec: field.type as TypeSpec,
        count,
        values,
      });
    }
  }
  return out;
}

export const firstOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
