/** `ganc setup tfjs-node`: native TensorFlow for training, from the TensorFlow of a Python environment. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { Argument, Command } from 'commander';
import { CannotRun } from '../failure.ts';
import { quoted } from '../init.ts';
import { here } from '../paths.ts';
import { exitWith, type Terminal, terminalOf } from '../terminal.ts';
import type { Check } from './checks.ts';
import type { Place } from './place.ts';

interface Options {
  python: string;
  into?: string;
  dryRun?: boolean;
  remove?: boolean;
}

export function setupCommand(): Command {
  return new Command('setup')
    .description('build what npm alone does not bring: tfjs-node, against the TensorFlow of a Python')
    .addArgument(new Argument('<WHAT>', 'what to set up').choices(['tfjs-node']))
    .option(
      '--python <PATH>',
      'a Python that has TensorFlow, or the folder of its virtual environment',
      'python3',
    )
    .option('--into <FOLDER>', 'the folder whose node_modules gets it (default: that of the project here)')
    .option('--dry-run', 'look at everything and say what would be done, and do nothing')
    .option('--remove', 'take away what was set up')
    .addHelpText(
      'after',
      `
Examples:
  $ python3 -m venv tf && tf/bin/pip install tensorflow-cpu      with CUDA: 'tensorflow[and-cuda]'
  $ ganc setup tfjs-node --python tf --dry-run
  $ ganc setup tfjs-node --python tf
  $ ganc train model.gan --backend tensorflow

tfjs-node's own installer brings TensorFlow 2.9 and CUDA 11; this uses the TensorFlow that is there, and stays
bound to it: keep the environment. It goes to node_modules/.ganc, which npm install leaves alone and npm ci
removes with the rest. Exit codes: 0 done, 2 it could not be done (and nothing was changed).`,
    )
    .action(async (_what: string, options: Options, command: Command) => {
      const terminal = terminalOf(command);
      const { choosePlace } = await import('./place.ts');
      const place = choosePlace(options.into);
      if (options.remove) remove(place, terminal);
      else await setUp(options, place, terminal);
    });
}

function remove({ parent, target }: Place, terminal: Terminal): void {
  if (!existsSync(target)) throw new CannotRun(`nothing was set up in ${here(target)}`);
  rmSync(target, { recursive: true });
  if (readdirSync(parent).length === 0) rmdirSync(parent);
  terminal.say(`removed ${here(target)}`);
}

async function setUp({ python, dryRun }: Options, place: Place, terminal: Terminal): Promise<void> {
  const { survey } = await import('./checks.ts');
  const { build, steps } = await import('./build.ts');
  const { say, sayPaint: paint } = terminal;
  const { checks, needs } = await survey(python, place);
  for (const check of checks) say(checkLine(check, terminal));
  if (needs === null) {
    const failed = checks.filter((c) => !c.ok);
    const what = failed.map((c) => c.title).join(' and ');
    throw new CannotRun(`tfjs-node cannot be set up here: see ${what} above`, failed[0]!.help);
  }
  const list = steps(needs, place);
  say(`\n${dryRun ? 'It would' : 'It will'}:`);
  list.forEach((step, i) => {
    say(`  ${i + 1}. ${step}`);
  });
  if (dryRun) return say('\nNothing was done: this was a dry run.');
  say('');

  const control = new AbortController();
  const stop = () => control.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  let device: string;
  try {
    const begun = {
      begin: (i: number) => say(`${paint(`${i + 1}/${list.length}`, 'bold')} ${list[i]!.split(' ')[0]} …`),
    };
    device = await build(needs, place, python, begun, control.signal);
  } catch (error) {
    if (!control.signal.aborted) throw error;
    say('stopped; nothing was changed');
    return exitWith(130);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
  terminal.out(here(place.target));
  say(
    `${paint('done', 'bold', 'green')}: ${device}; found by ganc, and by trainers that it emits, in ${place.root} and below`,
  );
  say(`  try it:   ganc train model.gan --backend tensorflow     (auto takes it too)`);
  say(`  keep:     ${needs.tensorflow.folder}`);
  say(`  npm:      npm install leaves it alone; npm ci removes it, and this command brings it back`);
  say(
    `  undo:     ganc setup tfjs-node --remove${place.kind === 'given' ? ` --into ${quoted(here(place.root))}` : ''}`,
  );
}

function checkLine({ title, ok, found, help }: Check, { sayPaint: paint }: Terminal): string {
  const sign = ok ? paint('✓', 'green') : paint('✗', 'bold', 'red');
  const line = `${sign} ${title.padEnd(11)} ${found}`;
  return ok || help === undefined ? line : `${line}\n  ${' '.repeat(11)} ${paint('help:', 'bold')} ${help}`;
}
