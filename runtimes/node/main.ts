/** The command line of an emitted trainer: `node NAME.js` trains, `node NAME.js sample RUN` draws. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { UserError } from '../core/errors.ts';
import type { CompiledModel } from '../core/run/model.ts';
import { visibleText } from '../core/visible.ts';
import { lookAtData, reportLines } from './data.ts';
import {
  type DataOptions,
  dataOptions,
  type Host,
  refuseEmpty,
  type SampleOptions,
  sampleOptions,
  type TrainOptions,
  trainOptions,
} from './options.ts';
import { watchOutput, workWithoutReader } from './output-streams.ts';
import { sample } from './sample.ts';

import { shown } from './shown.ts';
import { train } from './train.ts';
import { systemTrouble } from './trouble.ts';

/** Runs the program if `url` is what Node was started with; imported, a model does nothing by itself. */
export async function main(model: CompiledModel, url: string): Promise<void> {
  if (!isProgram(url)) return;
  const file = fileURLToPath(url);
  const directory = dirname(file);
  const command = `node ${relative(process.cwd(), file) || basename(file)}`;
  const host: Host = { directory, dataDirs: [join(directory, 'data')], command };
  process.exitCode = await runCommand(commandLine(model, command, host), process.argv);
}

function isProgram(url: string): boolean {
  const started = process.argv[1];
  if (started === undefined || !url.startsWith('file:')) return false;
  try {
    return realpathSync(started) === realpathSync(fileURLToPath(url));
  } catch {
    return false;
  }
}

function commandLine(model: CompiledModel, command: string, host: Host): Command {
  const program = new Command(command).description(describe(model)).enablePositionalOptions().exitOverride();
  program.helpOption('-h, --help', 'say this').showSuggestionAfterError(true);
  for (const option of trainOptions()) program.addOption(option);
  program.action(async (options: TrainOptions) => {
    workWithoutReader();
    const { exitCode } = await train(model, options, host);
    process.exitCode = exitCode;
  });
  const draw = new Command('sample').description('draw from a run: its newest checkpoint, or the one given');
  draw.argument('<run>', 'a run folder, or a checkpoint in it').exitOverride();
  for (const option of sampleOptions()) draw.addOption(option);
  draw.action(async (run: string, options: SampleOptions) => {
    const print = (text: string) => void process.stdout.write(`${text}\n`);
    for (const path of await sample(model, run, options, { ...host, print }))
      process.stdout.write(`${shown(path)}\n`);
  });
  program.addCommand(draw);
  const look = new Command('data').description('show the data that it would learn from, without training');
  look.exitOverride();
  for (const option of dataOptions()) look.addOption(option);
  look.action(async (options: DataOptions) => {
    const report = await lookAtData(model, options, host);
    const text = options.json ? JSON.stringify(report, null, 2) : reportLines(report).join('\n');
    process.stdout.write(`${visibleText(text)}\n`);
  });
  program.addCommand(look);
  program.hook('preAction', (_, command) => refuseEmpty(command));
  const run = `runs/${model.name}-1`;
  program.addHelpText(
    'after',
    `
Examples:
  $ ${command}${' '.repeat(run.length + 8)}train, into ${run}
  $ ${command} --steps 200 --seed 7${' '.repeat(Math.max(2, run.length - 12))}a short run with another seed
  $ ${command} --from ${run}  go on where it was left
  $ ${command} sample ${run} -o drawn.png

A run folder holds run.json, log.jsonl, curves.svg, samples/ and checkpoints/ (safetensors).
Ctrl-C finishes the step, writes a checkpoint and leaves; twice leaves at once. So do a closed terminal and SIGTERM.
Exit codes: 0 done, 1 the data or the run failed, 2 the command could not run, 130 stopped by Ctrl-C, 129 by a closed
terminal, 143 by SIGTERM.`,
  );
  return program;
}

function describe(model: CompiledModel): string {
  // Lines are broken where the terminal ends, not where the file's did.
  const flowing = model.doc.replace(/([^\n])\n(?!\n)/g, '$1 ');
  const doc = flowing === '' ? `${model.name}, compiled from ${model.source}.` : flowing;
  const phases = model.phases.map((p) => {
    const length = p.steps === null ? `${p.epochs} epochs` : `${p.steps} steps`;
    return `${p.name} (${length}, batch ${p.batch})`;
  });
  const data = model.data.map((r) => {
    const names = r.fields.map(
      (f) => `${f.name}: ${f.type.meaning === 'tensor' ? '' : f.type.meaning}[${f.type.shape.join(', ')}]`,
    );
    return `${names.join(', ')} from ${r.from === null ? '--data' : `"${r.from}"`}`;
  });
  const lines = [doc, ''];
  lines.push(`phases   ${phases.join(', ')}`);
  if (data.length > 0) lines.push(`data     ${data.join('; ')}`);
  if (model.outputs.length > 0) lines.push(`outputs  ${model.outputs.map((o) => o.name).join(', ')}`);
  return visibleText(lines.join('\n'));
}

/** Runs a command line and gives its exit code; what a user can mend is said without a stack. */
async function runCommand(program: Command, argv: string[]): Promise<number> {
  watchOutput();
  try {
    await program.parseAsync(argv);
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(errorText(error));
    return error instanceof UserError ? error.code : 2;
  }
}

/** An error as a person should see it. */
export function errorText(error: unknown): string {
  if (error instanceof UserError) {
    return `error: ${visibleText(error.message)}\n${error.hint === null ? '' : `  help: ${visibleText(error.hint)}\n`}`;
  }
  const system = systemTrouble(error);
  if (system !== null) return `error: ${system}\n`;
  if (process.env.GANC_DEBUG && error instanceof Error) return `internal error: ${error.stack}\n`;
  const message = error instanceof Error ? error.message : String(error);
  return `internal error: ${message}\n  This is a fault of the program, not of your data. GANC_DEBUG=1 shows where it happened.\n`;
}
