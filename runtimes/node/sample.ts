/** Draws from a trained model: `sample RUN`. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { alphabetsIn, restoreForOutputs, soundRate } from '../core/run/checkpoint.ts';
import { fileStem } from '../core/run/file-stem.ts';
import type { CompiledModel, OutputSpec } from '../core/run/model.ts';
import { isDrawable, outputValues, surroundings } from '../core/run/outputs.ts';
import { TrainingRun } from '../core/run/run.ts';
import { symbolsOf } from '../core/run/text.ts';
import { sizeOf } from '../core/shape.ts';
import { writeNpy } from '../core/sources/npy.ts';
import { visibleText } from '../core/visible.ts';
import { chooseBackend } from './backends.ts';
import { draw } from './drawing.ts';
import { locate, readCheckpoint } from './folder.ts';
import { checkMemory } from './memory.ts';
import type { Host, SampleOptions } from './options.ts';
import { checkFormat, openData } from './prepare.ts';
import { shown } from './shown.ts';
import { trouble } from './trouble.ts';
import { isOurWav } from './wav.ts';
import { writeWhole } from './whole.ts';

/**
 * Evaluates an output on the weights of a run (or a checkpoint) and writes a picture, text or an NPY file. Gives its paths.
 * Text without a path is printed where the host can print.
 */
export async function sample(
  model: CompiledModel,
  from: string,
  options: SampleOptions = {},
  host: Host = {},
): Promise<string[]> {
  checkFormat(model);
  const output = chooseOutput(model, options.output);
  const origin = locate(from);
  if (origin.checkpoint === null) {
    throw new UserError(`${from} has no checkpoint yet`, { hint: 'let it train a little longer' });
  }
  const usual = output.type.meaning === 'text' ? 'txt' : 'png';
  if (options.format !== undefined && options.format !== 'npy' && options.format !== usual) {
    throw new UserError(
      usual === 'txt'
        ? `\`${output.name}\` is text, of which there is no picture`
        : `\`${output.name}\` is no text`,
      { hint: `--format ${usual} or npy`, code: 2 },
    );
  }
  const path = resolve(options.path ?? `${fileStem(output.name)}.${options.format ?? usual}`);
  const format = options.format ?? formatOf(path, output);
  const ending = extname(path).toLowerCase();
  if (['.png', '.npy', '.wav', '.txt'].includes(ending) && ending !== `.${format}`) {
    throw new UserError(
      `${shown(path)} is named as ${ending.slice(1)}, and --format ${format} was asked for`,
      {
        hint: `give -o a name that ends in .${format}, or leave --format out`,
        code: 2,
      },
    );
  }
  if (format !== 'npy' && !isDrawable(output)) {
    throw new UserError(
      `\`${output.name}\` is [${output.type.shape.join(', ')}], of which there is no picture`,
      {
        hint: '--format npy writes its numbers',
        code: 2,
      },
    );
  }
  const count = options.count ?? (format === 'png' ? Math.min(64, mostDrawn(output)) : 64);
  checkCount(count, output, format);
  if (format === 'png' && output.type.meaning === 'sound') refuseOthersWav(beside(path, '.wav'));
  await chooseBackend(options.backend ?? 'auto');
  const file = readCheckpoint(origin.checkpoint);
  const before = origin.folder?.record()?.options;
  const rate = soundRate(file, origin.checkpoint);
  const given = {
    data: { ...before?.data, ...options.data },
    resample: before?.resample ?? rate ?? undefined,
  };
  const datasets = await openData(model, given, host, (name) => output.sources.includes(name));
  const run = new TrainingRun(model, { seed: options.seed ?? 0, datasets });
  try {
    restoreForOutputs(run, file, shown(origin.checkpoint));
    const values = await outputValues(run, output, count, 'sample');
    const size = sizeOf(output.type.shape);
    const drawn = values.length / size;
    const paths =
      format === 'npy'
        ? [{ path, bytes: writeNpy([drawn, ...output.type.shape], values) }]
        : (
            await draw(output, { count: drawn, shape: output.type.shape, values }, 'x', {
              ...(rate === null ? {} : { sampleRate: rate }),
              ...symbolsOf(output.type, alphabetsIn(file, origin.checkpoint)),
              ...(await surroundings(run, output)),
            })
          )
            .filter(({ name }) => format === 'png' || name.endsWith(format))
            .map(({ name, bytes }) => ({
              path: name === `x.${format}` ? path : beside(path, name.slice(1)),
              bytes,
            }));
    // Text that was not sent to a file is read at once.
    if (format === 'txt' && options.path === undefined && host.print !== undefined) {
      host.print(visibleText(new TextDecoder().decode(paths[0]!.bytes).trimEnd()));
      return [];
    }
    for (const one of paths) {
      try {
        // A pipe or a device cannot be replaced, only written to.
        const special = existsSync(one.path) && !statSync(one.path).isFile();
        if (special) writeFileSync(one.path, one.bytes);
        else writeWhole(one.path, [one.bytes]);
      } catch (error) {
        throw new UserError(`${shown(one.path)} could not be written: ${trouble(error)}`, { code: 2 });
      }
    }
    return paths.map((p) => p.path);
  } finally {
    run.dispose();
    for (const dataset of Object.values(datasets)) await dataset.close?.();
  }
}

type Format = 'png' | 'npy' | 'wav' | 'txt';

/** Pixels of a picture at most, points of a scatter, waves one below another. */
const MOST_DRAWN = { image: 2 ** 26, points: 100_000, sound: 1000 };

/** How many examples fit into a picture; one does always. */
function mostDrawn({ type }: Pick<OutputSpec, 'type'>): number {
  if (type.meaning === 'sound') return MOST_DRAWN.sound;
  if (type.meaning !== 'image') return MOST_DRAWN.points;
  return Math.max(1, Math.floor(MOST_DRAWN.image / sizeOf(type.shape)));
}

/** Refuses more examples than can be drawn, or held. */
function checkCount(count: number, { name, type }: OutputSpec, format: Format): void {
  const numbers = count * sizeOf(type.shape);
  const words = `${count} examples of \`${name}\` [${type.shape.join(', ')}]`;
  if (format === 'png') {
    const most = mostDrawn({ type });
    if (count <= most) return;
    throw new UserError(`${words} are too many for a picture`, {
      hint: `at most ${most}; --format npy writes their numbers`,
      code: 2,
    });
  }
  // The values, and the file's bytes beside them.
  checkMemory(8 * numbers, words, '--count');
}

const beside = (path: string, ending: string) => path.replace(/(\.png)?$/, ending);

/** The WAV beside a picture was not named: one that ganc did not write is not replaced. */
function refuseOthersWav(path: string): void {
  if (!existsSync(path) || isOurWav(readFileSync(path))) return;
  throw new UserError(`${shown(path)} would be replaced, and ganc did not write it`, {
    hint: `-o names another file; -o ${shown(path)} replaces it`,
    code: 2,
  });
}

/** What a file's name asks for; sound has a picture and a WAV beside it, or the WAV alone. */
function formatOf(path: string, output: OutputSpec): Format {
  const ending = extname(path);
  if (ending === '.npy') return 'npy';
  if (output.type.meaning === 'text') {
    if (ending === '.txt' || ending === '') return 'txt';
    throw new UserError(`\`${output.name}\` is not written as ${ending}`, {
      hint: '.txt is the text, .npy the numbers',
      code: 2,
    });
  }
  if (ending === '.wav' && output.type.meaning === 'sound') return 'wav';
  if (ending === '.png' || ending === '') return 'png';
  throw new UserError(`\`${output.name}\` is not written as ${ending}`, {
    hint: `.png is a picture${output.type.meaning === 'sound' ? ', .wav the sound' : ''}, .npy the numbers`,
    code: 2,
  });
}

function chooseOutput(model: CompiledModel, name: string | undefined): OutputSpec {
  const names = model.outputs.map((o) => o.name);
  if (names.length === 0) throw new UserError(`${model.name} has no \`output\`: there is nothing to draw`);
  const found = name === undefined ? model.outputs[0] : model.outputs.find((o) => o.name === name);
  if (found === undefined) {
    throw new UserError(`${model.name} has no output \`${name}\`; it has ${names.join(', ')}`, { code: 2 });
  }
  return found;
}
