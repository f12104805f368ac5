/** All commands, as the command line declares them. */
import { Command, Option } from 'commander';
import { refuseEmpty } from '../../runtimes/node/options.ts';
import { backendsCommand } from './backends/command.ts';
import { checkCommand } from './check.ts';
import { compileCommand } from './compile.ts';
import { dataCommand } from './data.ts';
import { explainCommand } from './explain.ts';
import { initCommand } from './init.ts';
import { sampleCommand } from './sample.ts';
import { serveCommand } from './serve.ts';
import { setupCommand } from './setup/command.ts';
import { summaryCommand } from './summary.ts';
import { trainCommand } from './train.ts';
import { version } from './version.ts';

export function commandLine(): Command {
  const program = new Command('ganc')
    .description('Compiles .gan files: generative models, written as in the paper, trained by TensorFlow.js.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'say what a command does, with examples')
    .addOption(new Option('--color', 'colour even where the output is no terminal'))
    .addOption(new Option('--no-color', 'no colour (so does the variable NO_COLOR)'))
    .helpCommand('help [command]', 'the same for a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .addHelpText(
      'after',
      `
A first run:
  $ ganc init model.gan         write a small model to start from
  $ ganc check model.gan        find its mistakes
  $ ganc train model.gan        train it on the pictures that come along
  $ ganc serve model.gan        or train it in the browser

Exit codes: 0 done, 1 the input has errors, 2 the command could not run.`,
    );

  const commands = [
    initCommand(),
    checkCommand(),
    trainCommand(),
    sampleCommand(),
    compileCommand(),
    serveCommand(),
    dataCommand(),
    summaryCommand(),
    explainCommand(),
    backendsCommand(),
    setupCommand(),
  ];
  for (const command of commands) {
    program.addCommand(command.copyInheritedSettings(program));
  }
  program.hook('preAction', (_, command) => refuseEmpty(command));
  return program;
}
