/** What outputs are looked at as, and their values in pieces that fit the memory of a minibatch. */
import { sizeOf } from '../shape.ts';
import type { OutputSpec } from './model.ts';
import type { TrainingRun } from './run.ts';
import { symbolsOf } from './text.ts';

/** Real points shown behind drawn ones. */
const BACKGROUND = 1000;

/** Whether there is a picture of such an output, or text. */
export function isDrawable({ type }: Pick<OutputSpec, 'type'>): boolean {
  const { meaning, shape } = type;
  return (
    meaning === 'image' || meaning === 'sound' || meaning === 'text' || (shape.length === 1 && shape[0] === 2)
  );
}

/** Which outputs have no pictures, and why. */
export function undrawn(outputs: readonly Pick<OutputSpec, 'name' | 'type'>[]): string | null {
  if (outputs.length === 0) return 'no pictures: the model declares no `output`';
  const plain = outputs.filter((output) => !isDrawable(output));
  if (plain.length === 0) return null;
  const named = plain.slice(0, 3).map(({ name, type }) => `\`${name}\` [${type.shape.join(', ')}]`);
  const more = plain.length > 3 ? ` and ${plain.length - 3} more` : '';
  // `(fake + 1) / 2` has the shape of a picture and is none by its type.
  const looksLike = plain.some(({ type: { shape } }) => shape.length === 3 && [1, 3, 4].includes(shape[2]!));
  const way = looksLike
    ? 'what a net declares as `image[h, w, c]` is drawn'
    : 'images, sound and points [2] are drawn';
  return `no pictures of ${named.join(', ')}${more}: ${way}; ganc sample --format npy writes numbers`;
}

/** How many examples a picture of this output shows. */
export function drawnCount({ type }: Pick<OutputSpec, 'type'>): number {
  if (type.meaning === 'image') return 64;
  if (type.meaning === 'text') return 16;
  return type.meaning === 'sound' ? 4 : 1000;
}

/** Evaluated at most so many at a time, so that memory stays that of a minibatch. */
export const CHUNK = 64;

/** Row-major values of `count` examples (of one, where the output is a whole value). */
export async function outputValues(
  run: TrainingRun,
  output: OutputSpec,
  count: number,
  stream: string,
): Promise<Float32Array> {
  const size = sizeOf(output.type.shape);
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

/** What is drawn around an output: real points for points, the data's rate for sound, its symbols for text. */
export async function surroundings(
  run: TrainingRun,
  output: OutputSpec,
): Promise<{ background?: Float32Array; sampleRate?: number; symbols?: readonly string[] }> {
  const feeds = run.model.data.flatMap((record) =>
    record.fields.map((field, index) => ({ feed: run.feeds[record.fields[0]!.name], field, index })),
  );
  if (output.type.meaning === 'sound') {
    // The length of what is drawn may be another; the rate is that of the sounds that were learnt.
    const rate = feeds.find(({ feed }) => feed?.dataset.sampleRate !== undefined)?.feed?.dataset.sampleRate;
    return rate === undefined ? {} : { sampleRate: rate };
  }
  if (output.type.meaning === 'text') {
    const alphabets = Object.values(run.feeds).flatMap((feed) => feed.dataset.alphabets ?? []);
    return symbolsOf(output.type, alphabets);
  }
  const alike = feeds.find(
    ({ feed, field }) => feed !== undefined && field.type.shape.join() === output.type.shape.join(),
  );
  if (alike?.feed === undefined) return {};
  const { dataset } = alike.feed;
  if (output.type.meaning === 'image') return {};
  const indices = Int32Array.from({ length: Math.min(BACKGROUND, dataset.count) }, (_, i) => i);
  return { background: (await dataset.read(indices))[alike.index]! };
}
