/** `ganc compile`: a folder that trains by itself, or any stage of the way there as text. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import type { Model } from '../check/model.ts';
import type { Stage } from '../emit/stages.ts';
import { CannotRun } from './failure.ts';
import { quoted } from './init.ts';
import { type Settings, setOption } from './options.ts';
import { dataFolder, runtimeFile } from './paths.ts';
import { type Terminal, terminalOf } from './terminal.ts';
import { version } from './version.ts';

interface Options {
  target: 'node';
  out?: string;
  emit?: Stage;
  set?: Settings;
}

export function compileCommand(): Command {
  return new Command('compile')
    .description('write TensorFlow.js training code that runs by itself')
    .argument('<FILE>', 'the .gan file; - is standard input')
    .addOption(new Option('--target <where>', 'what the code is to run on').choices(['node']).default('node'))
    .option('-o, --out <DIR>', 'the folder to write')
    .addOption(
      new Option('--emit <stage>', 'print a stage of the compilation instead').choices([
        'ast',
        'model',
        'ir',
        'grad',
        'plan',
        'js',
      ]),
    )
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  $ ganc compile model.gan -o trainer/ && cd trainer && npm install && node model.js
  $ ganc compile model.gan --emit js | less
  $ ganc compile model.gan --emit grad

Stages: ast, the syntax tree; model, names and shapes resolved; ir, losses and outputs as a graph; grad, their
gradients; plan, the training step in order; js, the emitted module.`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      const terminal = terminalOf(command);
      const { inputOf, modelOf } = await import('./frontend.ts');
      const { analyse, compile, stageText } = await import('../compile.ts');
      if (options.emit && options.out !== undefined) {
        throw new CannotRun(
          '--emit prints to standard output, and --out wants a folder',
          'leave one of them out',
        );
      }
      if (!options.emit && options.out === undefined) {
        throw new CannotRun(
          'compile writes a folder, and none is named',
          `ganc compile ${quoted(file)} -o DIR`,
        );
      }
      const input = inputOf(file, options.set);
      if (options.emit) {
        const analysis = analyse(input);
        // The tree can be looked at whatever is wrong with it.
        if (options.emit !== 'ast' || !analysis.file) modelOf(analysis, terminal);
        process.stdout.write(stageText(options.emit, analysis) ?? '');
        if (options.emit === 'ast') modelOf(analysis, terminal);
        return;
      }
      const compiled = compile(input, {
        target: options.target,
        runtime: readFileSync(runtimeFile, 'utf8'),
        version,
      });
      const model = modelOf(compiled, terminal);
      if (!compiled.files) throw new Error('the compiler gave no files and no error');
      write(options.out!, { ...compiled.files, ...dataAlong(model) }, terminal);
      const main = `${model.name}.js`;
      terminal.say(`\nNext:\n  cd ${quoted(options.out!)} && npm install && node ${quoted(main)}`);
    });
}

/** The data set that comes along with the command goes along with a model that learns from it. */
function dataAlong(model: Model): Record<string, Uint8Array> {
  if (!model.data.some(({ from }) => from === 'fashion')) return {};
  const names = ['fashion-images-idx3-ubyte.gz', 'fashion-labels-idx1-ubyte.gz', 'LICENSE'];
  return Object.fromEntries(names.map((name) => [`data/${name}`, readFileSync(path.join(dataFolder, name))]));
}

/** Each file whole or not at all; files of others in the folder stay. */
function write(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  terminal: Terminal,
): void {
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
      terminal.out(file);
    }
  } catch (error) {
    throw unwritable(folder, error as NodeJS.ErrnoException);
  }
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
