/** `ganc sample`: draws from a run's newest checkpoint, or from the one that is named. */
import { Command } from 'commander';
import { type SampleOptions, sampleOptions } from '../../runtimes/node/options.ts';
import { here } from './paths.ts';
import { terminalOf } from './terminal.ts';

export function sampleCommand(): Command {
  const command = new Command('sample')
    .description("draw from a trained run: pictures, or numbers as NumPy's .npy")
    .argument('<RUN>', "a run's folder, or one of its checkpoints");
  for (const option of sampleOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ ganc sample runs/dcgan-1
  $ ganc sample runs/dcgan-1 --count 100 --seed 7 -o hundred.png
  $ ganc sample runs/dcgan-1 --format npy -o clothes.npy
  $ ganc sample runs/vae-1 --output reconstructions`,
    )
    .action(async (run: string, options: SampleOptions, command: Command) => {
      const { fromRun, loadModel, loadRuntime } = await import('./in-memory.ts');
      const terminal = terminalOf(command);
      const { model, host } = await loadModel(fromRun(run, {}), terminal);
      const runtime = await loadRuntime();
      for (const file of await runtime.sample(model, run, options, host)) terminal.out(here(file));
    });
}
