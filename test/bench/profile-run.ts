/** `--profile`: where the time of our own contenders goes, in place of the comparison. */
import { Child } from './child.ts';
import type { Contender } from './contenders.ts';
import type { Prepared } from './inputs.ts';
import type { Rounds } from './measure.ts';
import type { ProfileLine, Steps } from './protocol.ts';
import { figure, markdown, spread } from './statistics.ts';

const place = {
  ours: 'a kernel (with what it calls)',
  cpu: 'plain JavaScript',
  job: 'a job of the engine',
  rest: '',
};

export async function profile(
  workload: string,
  files: Prepared,
  list: readonly Contender[],
  { steps }: Rounds,
): Promise<string> {
  const parts: string[] = [];
  for (const contender of list.filter((c) => c.kind === 'ours' && c.backend === 'wasm')) {
    const child = new Child(...contender.start(workload, files, true));
    await child.answer();
    const { ms } = await child.ask<Steps>({ ask: 'steps', from: 0, count: steps + 5 });
    const lines = await child.ask<ProfileLine[]>({ ask: 'profile' });
    await child.end();
    const rows = lines
      .filter((l) => l.ms >= 0.005)
      .map((l) => [l.name, place[l.where], figure(l.calls), figure(l.ms), figure(l.gflops)]);
    parts.push(
      `### ${workload}, ${contender.name}, Node ${contender.node}: ${figure(spread(ms.slice(5)).median)} ms a step, counted\n`,
      markdown(['', 'what', 'calls a step', 'ms a step', 'GFLOP/s'], rows),
      '',
    );
  }
  return parts.join('\n');
}
