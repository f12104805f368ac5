/** What a page needs to know of a model before it trains. */
import type { CompiledModel, OutputSpec, RecordSpec, TypeSpec } from '../core/run/model.ts';
import { isDrawable } from '../core/run/outputs.ts';
import { sizeOf } from '../core/shape.ts';
import { unpaired } from '../core/sources/pairs.ts';
import type { ModelFacts, OutputFacts, PhaseFacts, RecordFacts } from './protocol.ts';

export function factsOf(model: CompiledModel): ModelFacts {
  const { name, doc, source, params, noise } = model;
  const noises = new Set(noise.map((n) => n.name));
  const fashion = model.data.some((record) => record.from === 'fashion');
  return {
    name,
    doc,
    source,
    params,
    data: model.data.map((record) => recordFacts(record, fashion)),
    noise,
    nets: model.nets.map((net) => ({
      name: net.name,
      weights: model.weights.filter((w) => w.net === net.name).reduce((sum, w) => sum + sizeOf(w.shape), 0),
    })),
    phases: phaseFacts(model),
    outputs: model.outputs.map((output) => ({
      name: output.name,
      doc: output.doc,
      type: output.type,
      view: viewOf(output),
      sources: output.sources,
      latents: output.sources.filter((s) => noises.has(s)),
    })),
    probes: (model.probes ?? []).map(({ name, source }) => ({ name, data: source })),
  };
}

export function phaseFacts({ phases }: CompiledModel): PhaseFacts[] {
  return phases.map(({ name, batch, leastBatch = 1, fixedBatch, steps, epochs, losses, metrics }) => ({
    name,
    batch,
    leastBatch,
    fixedBatch: fixedBatch === true,
    steps,
    epochs,
    losses,
    metrics,
  }));
}

export function viewOf(output: OutputSpec): OutputFacts['view'] {
  if (!isDrawable(output)) return 'numbers';
  const { meaning } = output.type;
  return meaning === 'image' || meaning === 'sound' || meaning === 'text' ? meaning : 'points';
}

/** Sets that are made on the spot: whom they fit. */
const MADE: Record<string, { classes: number; fits: (type: TypeSpec) => boolean }> = {
  ring: { classes: 8, fits: isPoint },
  grid: { classes: 25, fits: isPoint },
  spiral: { classes: 2, fits: isPoint },
  tones: { classes: 12, fits: ({ meaning }) => meaning === 'sound' },
};

function isPoint({ meaning, shape }: TypeSpec): boolean {
  return meaning === 'tensor' && shape.filter((n) => n !== 1).join() === '2';
}

function recordFacts({ fields, from, reading }: RecordSpec, fashion: boolean): RecordFacts {
  const values = unpaired(fields, reading ?? {}).filter((f) => f.type.meaning !== 'label');
  const classes = fields.find((f) => f.type.meaning === 'label')?.type.shape[0] ?? Number.POSITIVE_INFINITY;
  const fitting = Object.entries(MADE)
    .filter(
      ([, made]) => classes >= made.classes && values.length <= 1 && values.every((f) => made.fits(f.type)),
    )
    .map(([name]) => name);
  const isFashion = ({ type }: { type: TypeSpec }) =>
    type.meaning !== 'sound' && ['784', '28,28', '28,28,1'].includes(type.shape.join());
  if (fashion && classes >= 10 && values.length <= 1 && values.every(isFashion)) fitting.push('fashion');
  const builtIn = [...fitting.filter((n) => n === from), ...fitting.filter((n) => n !== from)];
  return { name: fields[0]!.name, fields, from, builtIn, accepts: accepted(values[0]?.type) };
}

const ARRAYS = ['.npy', '.npz', '.csv', '.tsv', '.txt', '.gz', '.idx', '.idx1-ubyte', '.idx3-ubyte'];

function accepted(type: TypeSpec | undefined): RecordFacts['accepts'] {
  if (type?.meaning === 'text')
    return { words: 'a text file in UTF-8', endings: ['.txt', '.text', '.md', '.gz'] };
  if (type?.meaning === 'image') {
    return {
      words: 'pictures (PNG, JPEG, WebP; a folder of them), IDX, NPY, NPZ or CSV',
      endings: ['.png', '.jpg', '.jpeg', '.webp', ...ARRAYS],
    };
  }
  if (type?.meaning === 'sound')
    return { words: 'WAV files (or a folder of them), NPY, NPZ or CSV', endings: ['.wav', ...ARRAYS] };
  return { words: 'CSV, NPY, NPZ or IDX', endings: ARRAYS };
}
