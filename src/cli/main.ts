#!/usr/bin/env node
import { CommanderError } from 'commander';
/** The command line: declares the commands and turns failures into sentences and exit codes. */
import { visibleText } from '../../runtimes/core/visible.ts';
import { watchOutput } from '../../runtimes/node/output-streams.ts';
import { systemTrouble } from '../../runtimes/node/trouble.ts';
import { commandLine } from './commands.ts';
import { CannotRun } from './failure.ts';
import { paintFor } from './paint.ts';

const program = commandLine();

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
    process.stderr.write(`${paint('error', 'bold', 'red')}: ${visibleText(error.message)}\n`);
    if (error.help) process.stderr.write(`  ${paint('help:', 'bold')} ${visibleText(error.help)}\n`);
    return error.exitCode;
  }
  // The trainer's runtime is a bundle of its own, with failures of its own class.
  if (error instanceof Error && error.name === 'UserError') {
    const { hint, code } = error as Error & { hint?: string | null; code?: number };
    process.stderr.write(`${paint('error', 'bold', 'red')}: ${visibleText(error.message)}\n`);
    if (hint) process.stderr.write(`  ${paint('help:', 'bold')} ${visibleText(hint)}\n`);
    return code ?? 2;
  }
  const system = systemTrouble(error);
  if (system !== null) {
    process.stderr.write(`${paint('error', 'bold', 'red')}: ${system}\n`);
    return 2;
  }
  const message = (error instanceof Error ? error.message : String(error))
    // A model that was compiled in memory is imported by an address that holds all its text.
    .replace(/data:text\/javascript\S*/g, 'the compiled model')
    .slice(0, 500);
  process.stderr.write(`${paint('internal error', 'bold', 'red')}: ${visibleText(message)}\n`);
  process.stderr.write(
    'This is a fault of ganc, not of your file. Please report it with the file that shows it.\n',
  );
  if (process.env.GANC_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else process.stderr.write('GANC_DEBUG=1 shows where it happened.\n');
  return 2;
}
