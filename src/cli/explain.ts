/** `ganc explain`: the page behind a code. */
import { Command } from 'commander';
import type { Entry } from '../diagnostics/diagnostic.ts';
import { CannotRun } from './failure.ts';
import type { Paint } from './paint.ts';
import { type Terminal, terminalOf } from './terminal.ts';

type Table = Readonly<Record<string, Entry<never>>>;

const families: Readonly<Record<string, string>> = {
  GAN01: 'Text and syntax',
  GAN02: 'Names, arguments and constants',
  GAN03: 'Types and shapes',
  GAN04: 'The craft',
  GAN05: 'The schedule',
};

export function explainCommand(): Command {
  return new Command('explain')
    .description('tell what a code means and how to mend it; without one, list them')
    .argument('[CODE]', 'as in a finding: GAN0301, or 0301')
    .addHelpText(
      'after',
      `
Examples:
  $ ganc explain GAN0301
  $ ganc explain`,
    )
    .action(async (code: string | undefined, _options: unknown, command: Command) => {
      const table: Table = (await import('../diagnostics/table.ts')).table;
      const terminal = terminalOf(command);
      if (code === undefined) {
        for (const line of list(table, terminal.outPaint)) terminal.out(line);
        return;
      }
      const wanted = code
        .toUpperCase()
        .replace(/^(GAN)?(\d+)$/, (_, __, n: string) => `GAN${n.padStart(4, '0')}`);
      const entry = Object.hasOwn(table, wanted) ? table[wanted] : undefined;
      if (!entry) throw unknown(code, wanted, table);
      await page(wanted, entry, terminal);
    });
}

function list(table: Table, paint: Paint): string[] {
  const lines: string[] = [];
  for (const [prefix, title] of Object.entries(families)) {
    const codes = Object.keys(table)
      .filter((c) => c.startsWith(prefix))
      .sort();
    if (codes.length === 0) continue;
    lines.push(...(lines.length > 0 ? [''] : []), paint(title, 'bold'));
    for (const code of codes)
      lines.push(`  ${code}  ${table[code]!.severity.padEnd(7)}  ${table[code]!.title}`);
  }
  return lines;
}

async function page(code: string, entry: Entry<never>, terminal: Terminal): Promise<void> {
  const { analyse } = await import('../compile.ts');
  const { byPath } = await import('./frontend.ts');
  const { inOrder, renderFrame } = await import('./render.ts');
  const paint = terminal.outPaint;
  terminal.out(`${paint(code, 'bold')} · ${entry.severity} · ${paint(entry.title, 'bold')}\n`);
  terminal.out(`${entry.explain.trim()}\n`);
  terminal.out(`${paint('Example', 'bold')}\n`);
  const text = entry.example.trim();
  terminal.out(`${indented(text)}\n`);

  const files = new Map(
    Object.entries(entry.exampleFiles ?? {}).map(([path, t]) => [path, { path, text: t }]),
  );
  const source = { path: 'example.gan', text };
  const analysis = analyse({ source, load: (path) => files.get(path) });
  const shown = inOrder(analysis.diagnostics.filter((d) => d.code === code));
  const sources = byPath(analysis.sources);
  for (const d of shown) terminal.out(indented(renderFrame(d, sources, paint)));
}

const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');

function unknown(code: string, wanted: string, table: Table): CannotRun {
  const near = Object.keys(table).filter((c) => c.startsWith(wanted.slice(0, 5)));
  const listed = near.length > 0 && wanted.startsWith('GAN');
  return new CannotRun(
    `there is no code ${code}`,
    listed ? `codes of that family: ${near.sort().join(', ')}` : 'ganc explain lists them all',
  );
}
