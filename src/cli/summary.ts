/** `ganc summary`: the table of layers, shapes and weights, and what a step costs. */
import { Command } from 'commander';
import { type Settings, setOption } from './options.ts';
import { terminalOf } from './terminal.ts';

export function summaryCommand(): Command {
  return new Command('summary')
    .description('print layers, shapes, weights, and what a step costs')
    .argument('<FILE>', 'the .gan file; - is standard input')
    .addOption(setOption())
    .option('--costs', 'also each operation of a step: how often, how much arithmetic, what is slow on wasm')
    .addHelpText(
      'after',
      `
Examples:
  $ ganc summary model.gan
  $ ganc summary model.gan --set width=128
  $ ganc summary model.gan --costs`,
    )
    .action(async (file: string, options: { set?: Settings; costs?: boolean }, command: Command) => {
      const { analyseFile, modelOf } = await import('./frontend.ts');
      const { planOf } = await import('../compile.ts');
      const { summary } = await import('../summary/summary.ts');
      const { renderCosts, renderSummary } = await import('./summary-table.ts');
      const terminal = terminalOf(command);
      const analysis = analyseFile(file, options.set);
      const model = modelOf(analysis, terminal);
      const { outPaint } = terminal;
      const found = summary(model, planOf(model, analysis.sources));
      terminal.out(renderSummary(found, outPaint));
      if (options.costs) terminal.out(renderCosts(found, outPaint));
    });
}
