#!/usr/bin/env node
/** The command line: declares the commands and turns failures into sentences and exit codes. */
import { Command, CommanderError, Option } from 'commander';
import { watchOutput } from '../../runtimes/node/output-streams.ts';
import { backendsCommand } from './backends/command.ts';
import { checkCommand } from './check.ts';
import { compileCommand } from './compile.ts';
import { dataCommand } from './data.ts';
import { explainCommand } from './explain.ts';
import { CannotRun } from './failure.ts';
import { initCommand } from './init.ts';
import { paintFor } from './paint.ts';
import { sampleCommand } from './sample.ts';
import { serveCommand } from './serve.ts';
import { setupCommand } from './setup/command.ts';
import { summaryCommand } from './summary.ts';
import { trainCommand } from './train.ts';
import { version } from './version.ts';

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

watchOutput();
try {
  const [first] = process.argv.slice(2);
  if (first?.endsWith('.gan')) {
    throw new CannotRun(
      `what shall be done with ${first}?`,
      `ganc train ${first}, or check, summary, compile`,
    );
  }
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has said it already. Its own code for a wrong command line is 1; ours is 2.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const paint = paintFor(process.stderr, program.opts<{ color?: boolean }>().color);
  if (error instanceof CannotRun) {
    process.stderr.write(`${paint('error', 'bold', 'red')}: ${error.message}\n`);
    if (error.help) process.stderr.write(`  ${paint('help:', 'bold')} ${error.help}\n`);
    return error.exitCode;
  }
  // The trainer's runtime is a bundle of its own, with failures of its own class.
  if (error instanceof Error && error.name === 'UserError') {
    const { hint, code } = error as Error & { hint?: string | null; code?: number };
    process.stderr.write(`${paint('error', 'bold', 'red')}: ${error.message}\n`);
    if (hint) process.stderr.write(`  ${paint('help:', 'bold')} ${hint}\n`);
    return code ?? 2;
  }
  const message = (error instanceof Error ? error.message : String(error))
    // A model that was compiled in memory is imported by an address that holds all its text.
    .replace(/data:text\/javascript\S*/g, 'the compiled model')
    .slice(0, 500);
  process.stderr.write(`${paint('internal error', 'bold', 'red')}: ${message}\n`);
  process.stderr.write(
    'This is a fault of ganc, not of your file. Please report it with the file that shows it.\n',
  );
  if (process.env.GANC_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else process.stderr.write('GANC_DEBUG=1 shows where it happened.\n');
  return 2;
}
