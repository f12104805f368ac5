/** `ganc compile`: a folder that trains by itself, or any stage of the way there as text. */
import { Command, Option } from 'commander';
import type { Stage } from '../emit/stages.ts';
import { CannotRun } from './failure.ts';
import type { Target } from './folder.ts';
import { quoted } from './init.ts';
import { type Settings, setOption } from './options.ts';
import { terminalOf } from './terminal.ts';

interface Options {
  target: Target;
  out?: string;
  emit?: Stage;
  set?: Settings;
}

export function compileCommand(): Command {
  return new Command('compile')
    .description('write TensorFlow.js training code that runs by itself')
    .argument('<FILE>', 'the .gan file; - is standard input')
    .addOption(
      new Option('--target <where>', 'what the code is to run on')
        .choices(['node', 'browser'])
        .default('node'),
    )
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
  $ ganc compile model.gan --target browser -o page/ && ganc serve page/
  $ ganc compile model.gan --emit js | less
  $ ganc compile model.gan --emit grad

Stages: ast, the syntax tree; model, names and shapes resolved; ir, losses and outputs as a graph; grad, their
gradients; plan, the training step in order; js, the emitted module.`,
    )
    .action(async (file: string, options: Options, command: Command) => {
      const terminal = terminalOf(command);
      const { inputOf, modelOf } = await import('./frontend.ts');
      const { analyse, stageText } = await import('../compile.ts');
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
      const { compiledFolder, writeFolder } = await import('./folder.ts');
      const { nextLines } = await import('./next.ts');
      const { files, model } = compiledFolder(input, options.target, terminal);
      writeFolder(options.out!, files, (written) => terminal.out(written));
      const next =
        options.target === 'browser'
          ? [`ganc serve ${quoted(options.out!)}`]
          : nextLines(model, options.out!, file);
      terminal.say(`\nNext:\n${next.map((line) => `  ${line}\n`).join('')}`.trimEnd());
    });
}
