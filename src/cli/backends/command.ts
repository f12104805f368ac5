/** `ganc backends`: what this machine can train on, what is missing and how to get it, and how quick each is. */
import { Command, Option } from 'commander';
import type { BackendName } from '../../../runtimes/node/index.ts';
import { backendWords } from '../../../runtimes/node/options.ts';
import { CannotRun } from '../failure.ts';
import { exitWith, type Terminal, terminalOf } from '../terminal.ts';

interface Options {
  json?: boolean;
  /** The command's own processes say this. */
  measure?: BackendName;
}

export function backendsCommand(): Command {
  return new Command('backends')
    .description('what can be trained on here, what is missing and how to get it, and how quick each is')
    .argument('[NAME...]', 'only these: webgpu, tensorflow, wasm, cpu')
    .option('--json', 'as JSON, for programs')
    .addOption(new Option('--measure <name>').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  $ ganc backends
  $ ganc backends wasm tensorflow
  $ ganc backends --json

Each backend is tried in a process of its own, and times a step of a small convolutional GAN.
Exit codes: 0 done, 1 one that was named is not here, 2 the command could not run.`,
    )
    .action(async (names: string[], options: Options, command: Command) => {
      const terminal = terminalOf(command);
      if (options.measure !== undefined) {
        const { measureHere } = await import('./measure.ts');
        return measureHere(options.measure, terminal);
      }
      await show(names, options, terminal);
    });
}

async function show(names: readonly string[], { json }: Options, terminal: Terminal): Promise<void> {
  const isKnown = (name: string): name is BackendName => Object.hasOwn(backendWords, name);
  for (const name of names) {
    if (!isKnown(name)) {
      const all = Object.keys(backendWords).join(', ');
      throw new CannotRun(
        `there is no backend ${name}`,
        `under Node there are ${all}; webgl is the browser's`,
      );
    }
  }
  const wanted = (Object.keys(backendWords) as BackendName[]).filter(
    (name) => names.length === 0 || names.includes(name),
  );
  const { ask } = await import('./ask.ts');
  const { renderBackends } = await import('./table.ts');
  const findings = [];
  for (const name of wanted) {
    if (!json && process.stderr.isTTY)
      process.stderr.write(`\r\x1b[Ktrying ${name} (${backendWords[name]}) …`);
    findings.push(await ask(name));
  }
  if (!json && process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const usable = findings.filter((f) => f.available && f.ms !== null && f.name !== 'cpu' && f.hardware);
  const chosen = names.length === 0 ? (usable[0]?.name ?? null) : null;
  if (json)
    terminal.out(
      JSON.stringify(
        findings.map((f) => ({ ...f, auto: f.name === chosen })),
        null,
        2,
      ),
    );
  else {
    terminal.out(renderBackends(findings, chosen, terminal.outPaint));
    terminal.say(
      '\nA small step: D and G of a GAN on 28×28 pictures, 31,000 weights, 16 examples, 52 MFLOP.',
    );
  }
  if (names.length > 0 && findings.some((f) => !f.available)) exitWith(1);
}
