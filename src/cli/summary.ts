/** `ganc summary`: the table of layers, shapes and weights, and what a step costs. */
import { Command } from 'commander';
import { type Settings, setOption } from './options.ts';
import { terminalOf } from './terminal.ts';

export function summaryCommand(): Command {
  return new Command('summary')
    .description('print layers, shapes, weights, and what a step costs')
    .argument('<FILE>', 'the .gan file; - is standard input')
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  $ ganc summary model.gan
  $ ganc summary model.gan --set width=128`,
    )
    .action(async (file: string, options: { set?: Settings }, command: Command) => {
      const { analyseFile, modelOf } = await import('./frontend.ts');
      const { planOf } = await import('../compile.ts');
      const { summary } = await import('../summary/summary.ts');
      const { renderSummary } = await import('./summary-table.ts');
      const terminal = terminalOf(command);
      const analysis = analyseFile(file, options.set);
      const model = modelOf(analysis, terminal);
      const { outPaint } = terminal;
      terminal.out(renderSummary(summary(model, planOf(model, analysis.sources)), outPaint));
    });
}
