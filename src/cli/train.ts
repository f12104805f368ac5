/** `ganc train`: compiles in memory and trains; the run folder keeps the sources, so that it can be gone on with alone. */
import path from 'node:path';
import { Command } from 'commander';
import { type TrainOptions, trainOptions } from '../../runtimes/node/options.ts';
import { workWithoutReader } from '../../runtimes/node/output-streams.ts';
import { CannotRun } from './failure.ts';
import { quoted } from './init.ts';
import { type Settings, setOption } from './options.ts';
import { exitWith, terminalOf } from './terminal.ts';

export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a model: pictures, curves and checkpoints go to a run folder')
    .argument('[FILE]', 'the .gan file; with --from it may be left out')
    .addOption(setOption());
  for (const option of trainOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ ganc train model.gan
  $ ganc train model.gan --steps 500 --set latent=32 --out runs/small
  $ ganc train model.gan --data x=my-pictures/
  $ ganc train --from runs/model-1            go on where it stopped
  $ ganc train --from runs/model-1 --steps 9000    9000 in all
  $ ganc train model.gan --from runs/model-1       with the file as it is now, not the run's copy

Ctrl-C finishes the step, saves a checkpoint and leaves (exit code 130); twice leaves at once. A closed terminal
(SIGHUP) and SIGTERM end it in the same way (129 and 143). A run folder keeps its last 3 checkpoints.`,
    )
    .action(
      async (file: string | undefined, options: TrainOptions & { set?: Settings }, command: Command) => {
        const { set = {}, ...rest } = options;
        const { loadModel, loadRuntime } = await import('./in-memory.ts');
        const { fromFile, fromRun } = await import('./program.ts');
        if (file === undefined && rest.from === undefined) {
          throw new CannotRun(
            'train needs a .gan file, or a run to go on with',
            'ganc train FILE, or --from RUN',
          );
        }
        const program = file === undefined ? fromRun(rest.from!, set) : fromFile(file, set, rest.from);
        const terminal = terminalOf(command);
        if (program.notice !== undefined) terminal.say(program.notice);
        const { model, host } = await loadModel(program, terminal);
        const runtime = await loadRuntime();
        const again = file === undefined ? 'ganc train' : `ganc train ${quoted(path.normalize(file))}`;
        workWithoutReader();
        const { exitCode } = await runtime.train(model, rest, {
          ...host,
          command: again,
          sampleCommand: 'ganc sample',
        });
        exitWith(exitCode);
      },
    );
}
