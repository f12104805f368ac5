/** What a checkpoint knows beside its tensors: the counts of the run, as JSON in the file's metadata under `ganc`. */
import * as v from 'valibot';
import { DamagedError, UserError } from '../errors.ts';
import { isOptimiser, type OptimiserName } from '../optimisers.ts';
import { byName, mismatch, positive, whole } from '../validate.ts';
import type { SafetensorsFile } from './safetensors.ts';

const schema = v.object({
  format: v.literal(1),
  model: v.string(),
  seed: whole,
  /** Steps of the whole run; the phase, and steps done in it. */
  total: whole,
  phase: whole,
  phaseName: v.string(),
  step: whole,
  begun: v.boolean(),
  epochBase: whole,
  sampled: whole,
  /** By noise: how often it was drawn. */
  drawn: byName(whole),
  /** By record: passes made, examples visited in the current one, the latest batch, how many there are; of sound, samples a second. */
  feeds: byName(
    v.object({
      pass: whole,
      offset: whole,
      latest: whole,
      count: positive,
      rate: v.optional(positive),
      /** Of text: what the numbers stand for. */
      alphabets: v.optional(v.array(v.object({ size: positive, symbols: v.array(v.string()) }))),
    }),
  ),
  /** By optimiser, then weight: steps made. */
  optimizers: byName(byName(whole)),
  /** The optimisers of the file, which tell whose these are after an edit. Older checkpoints have only names. */
  optimizerSpecs: v.optional(
    v.array(
      v.object({
        name: v.string(),
        rule: v.custom<OptimiserName>((name) => typeof name === 'string' && isOptimiser(name)),
        update: v.nullable(
          v.object({ phase: v.string(), nets: v.array(v.string()), goal: v.string(), settings: v.string() }),
        ),
      }),
    ),
  ),
  /** Nets whose averages have begun. */
  averaging: v.array(v.string()),
  /** What `epoch` and `progress` are for outputs on these weights. */
  clock: v.object({
    epoch: v.pipe(v.number(), v.minValue(0)),
    progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  }),
  /** Kernels whose spectral norm is up to date. */
  iterated: v.array(v.string()),
  /** Latest values; null is one that was not finite. */
  losses: byName(v.nullable(v.number())),
  /** How many tensors the file holds. */
  tensors: v.optional(whole),
});

export type Counts = v.InferOutput<typeof schema>;

/** null for a file of another origin. Throws where what stands there is not whole. */
export function readCounts({ metadata, tensors }: SafetensorsFile, path: string): Counts | null {
  const text = metadata.ganc;
  if (text === undefined) return null;
  const damaged = (why: string) =>
    new DamagedError(`${path} is damaged: its training state (metadata) ${why}`);
  let counts: unknown;
  try {
    counts = JSON.parse(text);
  } catch {
    throw damaged('is not JSON');
  }
  const format = (counts as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format !== 1) {
    throw new UserError(`${path} is a checkpoint of format ${format}, which this version does not know`, {
      hint: 'use the version of ganc that wrote it, or a newer one',
    });
  }
  const wrong = mismatch(schema, counts);
  if (wrong !== null) throw damaged(`is not what a run writes: ${wrong}`);
  const { tensors: expected } = counts as Counts;
  if (expected !== undefined && expected !== tensors.size) {
    throw new DamagedError(
      `${path} is damaged: it was written with ${expected} tensors and holds ${tensors.size}`,
    );
  }
  return counts as Counts;
}
