/** Pictures of a run's outputs while it trains, on the same noise and data each time, so that one sees them get better. */
import { join } from 'node:path';
import type { OutputSpec } from '../core/model.ts';
import type { TrainingRun } from '../core/run.ts';
import { type Drawn, draw, drawnCount, isDrawable } from './drawing.ts';
import type { RunFolder } from './folder.ts';

/** Real points shown behind drawn ones. */
const BACKGROUND = 1000;

export class Pictures {
  /** The newest files, one an output. */
  latest: string[] = [];

  constructor(
    private readonly run: TrainingRun,
    private readonly folder: RunFolder,
  ) {}

  async draw(): Promise<void> {
    const latest: string[] = [];
    for (const output of this.run.model.outputs) {
      if (!isDrawable(output)) continue;
      const step = String(this.run.state.total).padStart(6, '0');
      const files = await drawOutput(
        this.run,
        output,
        drawnCount(output),
        'pictures',
        `${output.name}-${step}`,
      );
      for (const file of files) this.folder.writeWhole(join('samples', file.name), [file.bytes]);
      latest.push(join(this.folder.path, 'samples', files[0]!.name));
    }
    this.latest = latest;
  }
}

/** Values of an output for `count` examples, and a picture of them. */
export async function drawOutput(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
  stem: string,
): Promise<Drawn[]> {
  const values = await outputValues(run, output, count, stream);
  return draw(output, { count: values.length / sizeOf(output), shape: output.type.shape, values }, stem, {
    ...(await surroundings(run, output)),
    title: stem,
  });
}

const sizeOf = (output: OutputSpec) => output.type.shape.reduce((a, b) => a * b, 1);

/** Evaluated at most so many at a time, so that memory stays that of a minibatch. */
const CHUNK = 64;

/** Row-major values of `count` examples (of one, where the output is a whole value). */
export async function outputValues(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
): Promise<Float32Array> {
  const size = sizeOf(output);
  const out = new Float32Array(count * size);
  for (let done = 0, nth = 0; done < count; done += CHUNK, nth++) {
    // Always whole chunks: an example does not depend on how many are asked for.
    const tensor = await run.evaluate(output, CHUNK, stream, nth);
    const data = (await tensor.data()) as Float32Array;
    const perExample = tensor.rank > output.type.shape.length;
    tensor.dispose();
    if (!perExample) return data.slice();
    out.set(data.subarray(0, Math.min(CHUNK, count - done) * size), done * size);
  }
  return out;
}

/** What is drawn around an output: real points for points, the data's rate for sound. */
export async function surroundings(run: TrainingRun, output: OutputSpec) {
  const feeds = run.model.data.flatMap((record) =>
    record.fields.map((field, index) => ({ feed: run.feeds[record.fields[0]!.name], field, index })),
  );
  const alike = feeds.find(
    ({ feed, field }) => feed !== undefined && field.type.shape.join() === output.type.shape.join(),
  );
  if (alike?.feed === undefined) return {};
  const { dataset } = alike.feed;
  if (output.type.meaning === 'sound')
    return dataset.sampleRate === undefined ? {} : { sampleRate: dataset.sampleRate };
  if (output.type.meaning === 'image') return {};
  const indices = Int32Array.from({ length: Math.min(BACKGROUND, dataset.count) }, (_, i) => i);
  return { background: (await dataset.read(indices))[alike.index]! };
}
