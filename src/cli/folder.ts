/** A compiled folder: the emitted files with the runtime and the data that go along, and how it is written. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Model } from '../check/model.ts';
import { type Options as CompileOptions, compile, type Input } from '../compile.ts';
import { CannotRun } from './failure.ts';
import { modelOf } from './frontend.ts';
import { browserFolder, dataFolder, runtimeFile, webgpuFile } from './paths.ts';
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
  const along = target === 'browser' ? pageAlong() : { 'runtime.webgpu.js': readFileSync(webgpuFile) };
  return { files: { ...along, ...compiled.files, ...dataAlong(model) }, model };
}

/** What the compiler needs of the host for a target. */
function targetOptions(target: Target): CompileOptions {
  if (target === 'browser') {
    return { target, page: readFileSync(path.join(browserFolder, 'index.html'), 'utf8'), version };
  }
  return { target, runtime: readFileSync(runtimeFile, 'utf8'), version };
}

/** The page and its runtime. */
function pageAlong(): Record<string, Uint8Array> {
  const names = readdirSync(browserFolder);
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
  const foreign = existsSync(path.join(folder, 'runtime.js')) ? [] : foreignFiles(folder, files);
  if (foreign.length > 0) {
    throw new CannotRun(
      `${folder} holds ${foreign.join(', ')}, which ganc did not write and would replace`,
      'name a new folder, or move them away',
    );
  }
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      const beside = path.join(path.dirname(file), `.${path.basename(name)}.${process.pid}.part`);
      try {
        writeFileSync(beside, text);
        renameSync(beside, file);
      } catch (error) {
        rmSync(beside, { force: true });
        throw error;
      }
      written(file);
    }
  } catch (error) {
    throw unwritable(folder, error as NodeJS.ErrnoException);
  }
}

/** Files of another origin: where a folder holds a runtime, it was compiled before, and is compiled anew. */
function foreignFiles(folder: string, files: Folder): string[] {
  return Object.keys(files).filter((name) => {
    const file = path.join(folder, name);
    if (!existsSync(file) || !statSync(file).isFile()) return false;
    return !readFileSync(file).equals(Buffer.from(files[name] as string));
  });
}

function unwritable(folder: string, error: NodeJS.ErrnoException): CannotRun {
  const inTheWay = error.code === 'EEXIST' || error.code === 'ENOTDIR';
  if (inTheWay && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    return new CannotRun(`cannot write the folder ${folder}: a file is in the way`);
  }
  const why: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full',
    EISDIR: 'a folder stands where a file should go',
  };
  return new CannotRun(`cannot write into ${folder}: ${why[error.code ?? ''] ?? error.message}`);
}
