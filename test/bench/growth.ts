/** How a step's time grows as batch and width double: one dense and one convolutional game. */
import type { Contender } from './contenders.ts';
import { prepare } from './inputs.ts';
import { measure } from './measure.ts';
import { figure, markdown } from './statistics.ts';

const games = [
  { workload: 'w1', title: 'W1', examples: 128, width: 128 },
  { workload: 'w2', title: 'a small W2', examples: 16, width: 16 },
];

export async function growth(
  list: readonly Contender[],
  built: string,
  folder: string,
  quick: boolean,
): Promise<string> {
  // Of ours the best of the first Node with two threads.
  const onWasm = list.filter((c) => c.backend === 'wasm');
  const ours = onWasm.filter((c) => c.kind === 'ours' && c.threads === 2 && c.node === list[0]!.node).at(-1)!;
  const others = [
    ...onWasm.filter((c) => c.kind === 'tfjs'),
    ...list.filter((c) => c.kind === 'torch' && c.threads === 2),
  ];
  const chosen = [ours, ...others];
  const parts: string[] = [];
  for (const { workload, title, examples, width } of games) {
    const rows: string[][] = [];
    for (const axis of ['examples', 'width'] as const) {
      const base: (number | undefined)[] = [];
      for (const factor of quick ? [1, 2] : [1, 2, 4, 8]) {
        const set = {
          examples: String(axis === 'examples' ? examples * factor : examples),
          width: String(axis === 'width' ? width * factor : width),
        };
        const files = await prepare(workload, set, built, folder);
        const { results } = await measure(workload, files, chosen, {
          steps: quick ? 3 : 10,
          seconds: 5,
          waiting: 0,
        });
        const cells = chosen.map((contender, i) => {
          const ms = results.find((r) => r.contender === contender)?.ms.median;
          if (factor === 1) base[i] = ms;
          return ms === undefined || base[i] === undefined
            ? '–'
            : `${figure(ms)} (×${figure(ms / base[i]!)})`;
        });
        rows.push([`batch ${set.examples}, width ${set.width}`, ...cells]);
      }
    }
    parts.push(
      `### Growth: ${title}, ms a step (beside the first of its rows)\n`,
      markdown(['', ...chosen.map((c) => c.name)], rows),
      '',
    );
  }
  return parts.join('\n');
}
