/**
 * The options of training and sampling, for `ganc train`, `ganc sample` and an emitted trainer's own command line.
 * Imports nothing heavy: a command line can show them without loading tfjs.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BackendName } from './backends.ts';

/** What `train` understands; a field left out has its default, or on `--from` what the run was started with. */
export interface TrainOptions {
  /** A source for each data name. Relative paths start at the working folder. */
  data?: Record<string, string>;
  /** `100` (the last phase) or `phase=100`. */
  steps?: string[];
  /** `64` (every phase) or `phase=64`. */
  batch?: string[];
  seed?: number;
  backend?: BackendName | 'auto';
  out?: string;
  from?: string;
  checkpointEvery?: number;
  logEvery?: number;
  samplesEvery?: number;
  /** Samples a second to which sounds are brought. */
  resample?: number;
  /** Events as lines of JSON on stdout. */
  json?: boolean;
}

export interface DataOptions {
  data?: Record<string, string>;
  resample?: number;
  /** Examples in a picture. */
  count?: number;
  /** Where pictures go; default: the working folder. */
  folder?: string;
  /** `--no-pictures`: none are drawn. */
  pictures?: boolean;
  json?: boolean;
}

export interface SampleOptions {
  data?: Record<string, string>;
  output?: string;
  count?: number;
  seed?: number;
  format?: 'png' | 'npy' | 'txt';
  path?: string;
  backend?: BackendName | 'auto';
}

/** What the one who calls knows and the command line does not say. */
export interface Host {
  /** Where relative paths of the file's own `from "…"` start. Default: the working folder. */
  directory?: string;
  /** Folders that may hold `fashion`. */
  dataDirs?: string[];
  /** Copied into the run folder: the `.gan` file and those that it uses. */
  files?: { name: string; text: string }[];
  /** Kept in `run.json` (what `--set` said, the compiler's version). */
  about?: Record<string, unknown>;
  /** Kept in the metadata of every checkpoint: what is needed to draw from it alone. */
  carried?: Record<string, string>;
  /** Takes text for people to read: what was drawn, where no file was asked for. */
  print?: (text: string) => void;
  /** How this program is called, for the line that says how to go on: `ganc train dcgan.gan`. */
  command?: string;
  /** The same for drawing: `ganc sample`. */
  sampleCommand?: string;
}

function whole(from: number) {
  return (text: string): number => {
    // `Number` would take an empty text for 0, and 0x10 for 16.
    const value = /^\d[\d_]*$/.test(text.trim()) ? Number(text.replaceAll('_', '')) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < from) {
      throw new InvalidArgumentError(`Write a whole number from ${from}.`);
    }
    return value;
  };
}

/**
 * Refuses an option or argument that is given as nothing: `--out ""` is a variable of a script that was not set, and would
 * name the working folder.
 */
export function refuseEmpty(command: Command): void {
  const empty = (value: unknown) => [value].flat().some((v) => typeof v === 'string' && v.trim() === '');
  for (const option of command.options) {
    const name = option.attributeName();
    if (command.getOptionValueSource(name) === 'cli' && empty(command.getOptionValue(name))) {
      command.error(`error: option '${option.flags}' is given as nothing`);
    }
  }
  if (empty(command.args)) command.error('error: an argument is given as nothing');
}

function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

function pairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 0 || text.slice(0, at).trim() === '' || text.slice(at + 1).trim() === '')
    throw new InvalidArgumentError('Write it as NAME=SOURCE.');
  return { ...before, [text.slice(0, at).trim().normalize('NFC')]: text.slice(at + 1).trim() };
}

const dataOption = () =>
  new Option(
    '--data <NAME=SOURCE>',
    'where the data NAME comes from: a path or a built-in set (repeatable)',
  ).argParser(pairs);
const resampleOption = () =>
  new Option(
    '--resample <rate>',
    'bring sounds to this many samples a second (default: the rate of the most files)',
  ).argParser(whole(1));
/** The backends in the order in which `auto` tries; started in backends.ts. */
export const backendWords: Readonly<Record<BackendName, string>> = {
  webgpu: 'a GPU of any maker, through Dawn',
  tensorflow: 'native TensorFlow, through tfjs-node',
  wasm: 'our own SIMD kernels, on all cores',
  cpu: 'plain JavaScript, for tests',
};
const backendOption = () =>
  new Option(
    '--backend <name>',
    'what to compute on (default: auto, a GPU by webgpu, else tensorflow where installed, else wasm)',
  ).choices(['auto', ...Object.keys(backendWords)]);

export function trainOptions(): Option[] {
  return [
    dataOption(),
    resampleOption(),
    new Option(
      '--steps <[PHASE=]n>',
      'length of the last phase in all, with the steps that are done, or of a named one (repeatable)',
    ).argParser(collect),
    new Option(
      '--batch <[PHASE=]n>',
      'examples in a minibatch, of every phase or a named one (repeatable)',
    ).argParser(collect),
    new Option('--seed <n>', 'seed of weights, noise and order of the data (default: 0)').argParser(whole(0)),
    backendOption(),
    new Option('--out <folder>', 'the run folder (default: a new one, runs/NAME-1, runs/NAME-2, …)'),
    new Option('--from <run>', 'go on with a run: its folder, or one of its checkpoints'),
    new Option(
      '--checkpoint-every <n>',
      'steps between checkpoints (default: 500, or two minutes)',
    ).argParser(whole(1)),
    new Option(
      '--log-every <n>',
      'steps between lines of log.jsonl (default: so that there are some 200)',
    ).argParser(whole(1)),
    new Option(
      '--samples-every <n>',
      'steps between sample pictures (default: a tenth of the run)',
    ).argParser(whole(1)),
    new Option(
      '--json',
      'what happens as lines of JSON on stdout: the data first, each logged step, the end',
    ),
  ];
}

export function dataOptions(): Option[] {
  return [
    dataOption(),
    resampleOption(),
    new Option(
      '--count <n>',
      'examples in a picture (default: 64 pictures, 4 sounds, 1000 points)',
    ).argParser(whole(1)),
    new Option('--folder <folder>', 'where the pictures go, data-NAME.png (default: here)'),
    new Option('--no-pictures', 'draw none'),
    new Option('--json', 'as JSON, for programs'),
  ];
}

export function sampleOptions(): Option[] {
  return [
    new Option('--output <NAME>', 'which output to draw (default: the first)'),
    new Option('--count <n>', 'how many examples (default: 64)').argParser(whole(1)),
    new Option('--seed <n>', 'seed of the noise (default: 0)').argParser(whole(0)),
    new Option(
      '--format <format>',
      'png: a picture; txt: text; npy: the numbers (default: from PATH, else png or txt)',
    ).choices(['png', 'txt', 'npy']),
    new Option('-o, --path <PATH>', 'the file to write (default: NAME.png here)'),
    dataOption(),
    backendOption(),
  ];
}
