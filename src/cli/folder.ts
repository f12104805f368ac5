/** A compiled folder: the emitted files with the runtime and the data that go along, and how it is written. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../runtimes/core/errors.ts';
import { codeOf, trouble } from '../../runtimes/node/trouble.ts';
import { refuseStrangers, sweepParts, writeWhole } from '../../runtimes/node/whole.ts';
import { type Options as CompileOptions, compile, type Input } from '../compile.ts';
import type { Model } from '../model/model.ts';
import { CannotRun } from './failure.ts';
import { modelOf } from './frontend.ts';
import { browserFolder, dataFolder, resampleFile, runtimeFile, webgpuFile } from './paths.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

export type Target = 'node' | 'browser';

/** By path in the folder. */
export type Folder = Readonly<Record<string, string | Uint8Array>>;

/** Compiles. Findings are said on stderr; errors end with exit code 1. */
export function compiledFolder(
  input: Input,
  target: Target,
  terminal: Terminal,
): { files: Folder; model: Model } {
  const compiled = compile(input, targetOptions(target));
  const model = modelOf(compiled, terminal);
  if (!compiled.files) throw new Error('the compiler gave no files and no error');
  const sound = model.data.some(({ fields }) => fields.some(({ type }) => type.meaning === 'sound'));
  const along = target === 'browser' ? pageAlong(sound) : runtimeAlong(sound);
  return { files: { ...along, ...compiled.files, ...dataAlong(model) }, model };
}

/** What the compiler needs of the host for a target. */
function targetOptions(target: Target): CompileOptions {
  if (target === 'browser') {
    return { target, page: readFileSync(path.join(browserFolder, 'index.html'), 'utf8'), version };
  }
  return { target, runtime: readFileSync(runtimeFile, 'utf8'), version };
}

/** What the runtime loads besides. */
function runtimeAlong(sound: boolean): Record<string, Uint8Array> {
  return {
    'runtime.webgpu.js': readFileSync(webgpuFile),
    ...(sound ? { 'runtime.resample.js': readFileSync(resampleFile) } : {}),
  };
}

/** The page and its runtime. Only a model of sounds resamples. */
function pageAlong(sound: boolean): Record<string, Uint8Array> {
  const names = readdirSync(browserFolder).filter((name) => sound || !/^resample-/.test(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(browserFolder, name))]));
}

/** The data set that comes along with the command goes along with a model that learns from it. */
function dataAlong(model: Model): Record<string, Uint8Array> {
  if (!model.data.some(({ from }) => from === 'fashion')) return {};
  const names = ['fashion-images-idx3-ubyte.gz', 'fashion-labels-idx1-ubyte.gz', 'LICENSE'];
  return Object.fromEntries(names.map((name) => [`data/${name}`, readFileSync(path.join(dataFolder, name))]));
}

/** Each file whole or not at all; files of others in the folder stay. */
export function writeFolder(folder: string, files: Folder, written: (path: string) => void): void {
  refuseOtherTarget(folder, files);
  try {
    // Where a folder holds a runtime, it was compiled before, and is compiled anew.
    if (!existsSync(path.join(folder, 'runtime.js'))) {
      refuseStrangers(folder, Object.keys(files), (file, name) =>
        readFileSync(file).equals(Buffer.from(files[name] as string)),
      );
    }
    for (const name of new Set(Object.keys(files).map((name) => path.dirname(name)))) {
      sweepParts(path.join(folder, name));
    }
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name);
      writeWhole(file, [typeof content === 'string' ? Buffer.from(content) : content]);
      written(file);
    }
  } catch (error) {
    throw error instanceof UserError ? error : unwritable(folder, error);
  }
}

/** A folder is for one target: the files of both would lie beside each other, and its README be true of one. */
function refuseOtherTarget(folder: string, files: Folder): void {
  const has = (name: string) => existsSync(path.join(folder, name));
  const [own, others] = Object.hasOwn(files, 'index.html')
    ? ['browser', 'package.json']
    : ['node', 'index.html'];
  if (!has('runtime.js') || !has(others)) return;
  const there = own === 'node' ? 'browser' : 'node';
  throw new CannotRun(
    `${folder} was compiled for ${there}, and this is for ${own}`,
    `another folder (-o), or --target ${there}`,
  );
}

function unwritable(folder: string, error: unknown): CannotRun {
  if (
    !statSync(folder, { throwIfNoEntry: false })?.isDirectory() &&
    ['EEXIST', 'ENOTDIR'].includes(codeOf(error))
  ) {
    return new CannotRun(`cannot write the folder ${folder}: a file is in the way`);
  }
  return new CannotRun(`cannot write into ${folder}: ${trouble(error)}`);
}
