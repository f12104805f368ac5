/** What a page sees of a run: outputs on fixed noise, real examples beside them, and critics as surfaces. */
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../../core/errors.ts';
import { drawValues, sourceStream } from '../../core/random.ts';
import type { Dataset } from '../../core/run/data.ts';
import type { OutputSpec } from '../../core/run/model.ts';
import { CHUNK, drawnCount, isDrawable, outputValues, surroundings } from '../../core/run/outputs.ts';
import type { TrainingRun } from '../../core/run/run.ts';
import { squareAround } from '../../core/run/square.ts';
import { symbolsOf } from '../../core/run/text.ts';
import { sizeOf } from '../../core/shape.ts';
import { entry, table } from '../../core/table.ts';
import type { Drawn, FromWorker, Latents, Region } from '../protocol.ts';

/** The stream of Node's pictures too: the same latents give the same examples there. */
const FIXED = 'pictures';
/** Points along a side of a surface where the page does not say. */
const SIDE = 64;

export interface Watched {
  outputs: Record<string, number>;
  surface: Region | null | 'default';
  every: number;
  visible: boolean;
}

type Send = (message: FromWorker, transfer: Transferable[]) => void;

export function watchedFirst(outputs: readonly OutputSpec[]): Watched {
  return {
    outputs: Object.fromEntries(outputs.filter(isDrawable).map((o) => [o.name, drawnCount(o)])),
    surface: 'default',
    every: 500,
    visible: true,
  };
}

export async function drawAll(run: TrainingRun, watched: Watched, send: Send): Promise<void> {
  for (const [name, count] of Object.entries(watched.outputs)) {
    const output = run.model.outputs.find((o) => o.name === name);
    if (output === undefined || count < 1) continue;
    const drawn = await drawnOf(run, output, await outputValues(run, output, count, FIXED));
    send({ type: 'samples', ...drawn }, [drawn.values.buffer]);
  }
  if (watched.surface !== null) await drawSurfaces(run, watched.surface, send);
}

async function drawnOf(run: TrainingRun, output: OutputSpec, values: Float32Array): Promise<Drawn> {
  const { meaning } = output.type;
  const { sampleRate, symbols } =
    meaning === 'sound' || meaning === 'text' ? await surroundings(run, output) : {};
  const { shape } = output.type;
  return {
    output: output.name,
    step: run.state.total,
    count: values.length / sizeOf(shape),
    shape,
    values,
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(symbols === undefined ? {} : { symbols }),
  };
}

/** Examples of an output as a page asks for them, and the noise that they came from. */
export async function sampleFor(
  run: TrainingRun,
  name: string,
  count: number,
  from: Latents,
): Promise<Drawn & { latents: Record<string, Float32Array> }> {
  const output = run.model.outputs.find((o) => o.name === name);
  if (output === undefined) throw new UserError(`${run.model.name} has no output \`${name}\``);
  if (!Number.isSafeInteger(count) || count < 1 || count > 10_000) {
    throw new UserError(`${count} examples cannot be drawn`, { hint: 'from 1 to 10,000' });
  }
  const stream = from.kind === 'seed' ? `seed ${from.seed}` : FIXED;
  const latents = latentsOf(run, output, count, stream);
  if (from.kind === 'values') {
    for (const [source, values] of Object.entries(from.values)) {
      const drawn = entry(latents, source);
      if (drawn === undefined) throw new UserError(`\`${name}\` is not made from a noise \`${source}\``);
      if (values.length !== drawn.length) {
        throw new UserError(
          `${count} examples of \`${name}\` need ${drawn.length} numbers of \`${source}\`, not ${values.length}`,
        );
      }
      latents[source] = values;
    }
  }
  const values = await valuesFrom(run, output, count, stream, latents);
  return { ...(await drawnOf(run, output, values)), latents };
}

/** The noise of `count` examples: what `outputValues` draws for them. */
function latentsOf(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
): Record<string, Float32Array> {
  const latents: Record<string, Float32Array> = table();
  for (const { name, dist, shape } of run.model.noise) {
    if (!output.sources.includes(name)) continue;
    const size = sizeOf(shape);
    const all = new Float32Array(count * size);
    for (let done = 0, nth = 0; done < count; done += CHUNK, nth++) {
      const place = `${stream}/${sourceStream(name)}`;
      const chunk = drawValues(run.settings.seed, place, nth, dist, [CHUNK, ...shape]);
      all.set(chunk.subarray(0, Math.min(CHUNK, count - done) * size), done * size);
    }
    latents[name] = all;
  }
  return latents;
}

/** An output on this noise. Only as many examples are evaluated as there are, so that a slider answers at once. */
async function valuesFrom(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
  latents: Record<string, Float32Array>,
): Promise<Float32Array> {
  const size = sizeOf(output.type.shape);
  const out = new Float32Array(count * size);
  for (let done = 0, nth = 0; done < count; done += CHUNK, nth++) {
    const n = Math.min(CHUNK, count - done);
    const given: Record<string, tf.Tensor> = table();
    for (const { name, shape } of run.model.noise) {
      const values = entry(latents, name)?.subarray(done * sizeOf(shape), (done + n) * sizeOf(shape));
      if (values !== undefined) given[name] = tf.tensor(values.slice(), [n, ...shape], 'float32');
    }
    try {
      const tensor = await run.evaluate(output, n, stream, nth, given);
      const perExample = tensor.rank > output.type.shape.length;
      const data = (await tensor.data()) as Float32Array;
      tensor.dispose();
      if (!perExample) return data.slice();
      out.set(data, done * size);
    } finally {
      tf.dispose(given);
    }
  }
  return out;
}

/** Values of every probe over a grid of points. */
async function drawSurfaces(run: TrainingRun, wanted: Region | 'default', send: Send): Promise<void> {
  for (const probe of run.model.probes ?? []) {
    const region = wanted === 'default' ? await regionAround(run, probe.source) : wanted;
    const points = gridOf(region);
    const count = points.length / 2;
    const given = { [probe.source]: tf.tensor(points, [count, 2], 'float32') };
    try {
      const output: OutputSpec = {
        name: probe.name,
        type: { meaning: 'tensor', shape: [1] },
        doc: '',
        sources: [probe.source],
        evaluate: probe.evaluate,
      };
      const tensor = await run.evaluate(output, count, FIXED, 0, given);
      const values = ((await tensor.data()) as Float32Array).slice();
      tensor.dispose();
      const step = run.state.total;
      send({ type: 'surface', probe: probe.name, step, region, values }, [values.buffer]);
    } finally {
      tf.dispose(given);
    }
  }
}

/** The corners included, row by row from the lowest y. */
function gridOf({ x, y, columns, rows }: Region): Float32Array {
  const points = new Float32Array(2 * columns * rows);
  const at = ([from, to]: [number, number], i: number, n: number) =>
    from + (n === 1 ? 0 : ((to - from) * i) / (n - 1));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      points.set([at(x, column, columns), at(y, row, rows)], 2 * (row * columns + column));
    }
  }
  return points;
}

const regions = new WeakMap<Dataset, Region>();

/** A square over the real points and a margin. */
async function regionAround(run: TrainingRun, field: string): Promise<Region> {
  const record = run.model.data.find((r) => r.fields.some((f) => f.name === field))!;
  const { dataset } = run.feeds[record.fields[0]!.name]!;
  const known = regions.get(dataset);
  if (known !== undefined) return known;
  const index = record.fields.findIndex((f) => f.name === field);
  const points = (await dataset.read(firstOf(Math.min(1000, dataset.count))))[index]!;
  const region = { ...squareAround(points), columns: SIDE, rows: SIDE };
  regions.set(dataset, region);
  return region;
}

/** Real examples of every field that has a picture. */
export async function realExamples(run: TrainingRun): Promise<Extract<FromWorker, { type: 'real' }>[]> {
  const out: Extract<FromWorker, { type: 'real' }>[] = [];
  for (const record of run.model.data) {
    const name = record.fields[0]!.name;
    const feed = run.feeds[name];
    if (feed === undefined) continue;
    for (const [index, field] of record.fields.entries()) {
      if (!isDrawable(field)) continue;
      const count = Math.min(feed.dataset.count, drawnCount(field));
      const values = (await feed.dataset.read(firstOf(count)))[index]!;
      out.push({
        type: 'real',
        record: name,
        field: field.name,
        spec: field.type,
        count,
        values,
        ...symbolsOf(field.type, feed.dataset.alphabets),
      });
    }
  }
  return out;
}

export const firstOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
