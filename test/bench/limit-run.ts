/** How near our products come to the machine's limit: for each Node, instruction set and number of threads. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Child } from './child.ts';
import type { Contender } from './contenders.ts';
import { figure, markdown } from './statistics.ts';

interface Limit {
  best: { name: string; rate: number };
  lines: { name: string; rate: number }[];
}

export async function limits(list: readonly Contender[], built: string, rounds: number): Promise<string> {
  const all = readdirSync(path.join(built, 'peaks')).map((name) => path.join(built, 'peaks', name));
  const columns: { head: string; found: Limit }[] = [];
  for (const { name, node, command, build, threads } of list.filter((c) => c.build !== undefined)) {
    const peaks = all.filter((file) => path.basename(file).startsWith(build!.split('-')[0]!));
    const settings = JSON.stringify({ build, threads, peaks, rounds });
    const child = new Child(command, [path.join(built, 'limit.mjs'), settings]);
    columns.push({
      head: `${name.replace('ganc, wasm ', '')}, Node ${node}`,
      found: await child.answer<Limit>(),
    });
    await child.end();
  }
  const rows = [
    [
      '**limit** (best resident tile)',
      ...columns.map(({ found: { best } }) => `**${figure(best.rate)}** (${best.name.split('-')[1]})`),
    ],
    ...columns[0]!.found.lines.map(({ name }, i) => [
      name,
      ...columns.map(({ found: { best, lines } }) => {
        const { rate } = lines[i]!;
        return `${figure(rate)} (${((100 * rate) / best.rate).toFixed(0)} %)`;
      }),
    ]),
  ];
  return `### Share of the machine's limit, GFLOP/s\n\n${markdown(['', ...columns.map(({ head }) => head)], rows)}\n`;
}
