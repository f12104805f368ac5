/** `ganc check`: every mistake of a file, each with its place and a way out. */
import { Command, Option } from 'commander';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { CannotRun } from './failure.ts';
import { type Settings, setOption } from './options.ts';
import { exitWith, terminalOf } from './terminal.ts';

interface Options {
  format: 'pretty' | 'json' | 'github';
  set?: Settings;
}

export function checkCommand(): Command {
  return new Command('check')
    .description('find the mistakes of .gan files: names, shapes, schedule, craft')
    .argument('<FILE...>', 'the files; - is standard input')
    .addOption(
      new Option('--format <how>', 'for people, for programs, or for a workflow on GitHub')
        .choices(['pretty', 'json', 'github'])
        .default('pretty'),
    )
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  $ ganc check models/*.gan
  $ ganc check model.gan --set latent=64
  $ ganc check model.gan --format json | jq '.[].message'
  $ cat model.gan | ganc check -

Warnings leave the exit code 0. "// allow GAN0401" on the line above silences one.
"ganc explain CODE" tells more about any of them.`,
    )
    .action(async (files: string[], options: Options, command: Command) => {
      const { analyseFile, byPath } = await import('./frontend.ts');
      const render = await import('./render.ts');
      const terminal = terminalOf(command);

      const found = new Map<string, Diagnostic>();
      const sources = byPath([]);
      const unread: CannotRun[] = [];
      for (const name of files) {
        try {
          const analysis = analyseFile(name, options.set);
          for (const [path, source] of byPath(analysis.sources)) sources.set(path, source);
          for (const d of analysis.diagnostics) {
            // Two files may use a third: its findings are said once.
            found.set(JSON.stringify([d.span, d.code, d.message]), d);
          }
        } catch (error) {
          if (!(error instanceof CannotRun)) throw error;
          unread.push(error);
        }
      }
      const diagnostics = [...found.values()];

      if (options.format === 'json') {
        terminal.out(JSON.stringify(render.toJson(diagnostics, sources), null, 2));
      } else if (options.format === 'github') {
        for (const line of render.toGithub(diagnostics, sources)) terminal.out(line);
      } else {
        for (const d of render.inOrder(diagnostics)) {
          terminal.out(`${render.renderFrame(d, sources, terminal.outPaint)}\n`);
        }
      }
      const summary = render.summarise(diagnostics);
      if (summary) terminal.say(summary);
      else if (unread.length === 0)
        terminal.say(`no findings in ${files.length} file${files.length === 1 ? '' : 's'}`);

      if (diagnostics.some((d) => d.severity === 'error')) exitWith(1);
      // The other files have been checked; what could not be read still makes the run a failure.
      if (unread.length > 0) throw all(unread);
    });
}

function all(failures: readonly CannotRun[]): CannotRun {
  const [first] = failures;
  if (failures.length === 1) return first!;
  return new CannotRun(failures.map((f) => f.message).join('\nerror: '), first!.help);
}
