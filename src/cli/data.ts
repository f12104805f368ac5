/** `ganc data`: what a model would learn from, without training. */
import { Command } from 'commander';
import { type DataOptions, dataOptions } from '../../runtimes/node/options.ts';
import { type Settings, setOption } from './options.ts';
import { terminalOf } from './terminal.ts';

export function dataCommand(): Command {
  const command = new Command('data')
    .description('look at the data without training: counts, classes, what is skipped, a picture of examples')
    .argument('<FILE>', 'the .gan file; - is standard input')
    .addOption(setOption());
  for (const option of dataOptions()) command.addOption(option);
  return command
    .addHelpText(
      'after',
      `
Examples:
  $ ganc data model.gan --data x=my-pictures/
  $ ganc data model.gan --data x=photos/,maps/ --count 16
  $ ganc data model.gan --json --no-pictures | jq '.records[].facts.classes'`,
    )
    .action(async (file: string, options: DataOptions & { set?: Settings }, command: Command) => {
      const { set = {}, ...rest } = options;
      const { loadModel, loadRuntime } = await import('./in-memory.ts');
      const { fromFile } = await import('./program.ts');
      const terminal = terminalOf(command);
      const { model, host } = await loadModel(fromFile(file, set), terminal);
      const runtime = await loadRuntime();
      const report = await runtime.lookAtData(model, rest, host);
      terminal.out(rest.json ? JSON.stringify(report, null, 2) : runtime.reportLines(report).join('\n'));
    });
}
