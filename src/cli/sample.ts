/** `ganc sample`: draws from a run's newest checkpoint, or from the one that is named. */
import { Command } from 'commander';
import { type SampleOptions, sampleOptions } from '../../runtimes/node/options.ts';
import { type Settings, setOption } from './options.ts';
import { here } from './paths.ts';
import { terminalOf } from './terminal.ts';

export function sampleCommand(): Command {
  const command = new Command('sample')
    .description("draw from a trained run: pictures, sound, text, or numbers as NumPy's .npy")
    .argument('<RUN>', "a run's folder, or a checkpoint, wherever it is")
    .option('--model <FILE>', 'the .gan file, for a checkpoint that does not carry its model')
    .addOption(setOption());
  for (const option of sampleOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ ganc sample runs/dcgan-1
  $ ganc sample runs/dcgan-1 --count 100 --seed 7 -o hundred.png
  $ ganc sample runs/dcgan-1 --format npy -o clothes.npy
  $ ganc sample runs/vae-1 --output reconstructions
  $ ganc sample runs/names-1 --count 20                      an output of type text is printed
  $ ganc sample dcgan-2000.safetensors --model dcgan.gan     one that a page gave

A checkpoint of ganc train carries its model; one of a page or of a compiled folder needs --model.`,
    )
    .action(
      async (run: string, given: SampleOptions & { model?: string; set?: Settings }, command: Command) => {
        const { model: file, set = {}, ...options } = given;
        const { loadModel, loadRuntime } = await import('./in-memory.ts');
        const { fromFile, fromRun } = await import('./program.ts');
        const terminal = terminalOf(command);
        const { model, host } = await loadModel(
          file === undefined ? fromRun(run, set) : fromFile(file, set, run),
          terminal,
        );
        const runtime = await loadRuntime();
        const print = (text: string) => terminal.out(text);
        for (const file of await runtime.sample(model, run, options, { ...host, print }))
          terminal.out(here(file));
      },
    );
}
