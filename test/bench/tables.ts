/** What was measured, as Markdown. */
import type { Failure, Result } from './measure.ts';
import { figure, markdown } from './statistics.ts';

const titles: Record<string, string> = {
  w1: 'W1: MLP GAN 100-128-784, batch 128',
  w2: 'W2: DCGAN-28, batch 64',
  w2p: 'W2P: W2 with `padding = 2` in D',
  w3: 'W3: DCGAN 64×64 (ngf = ndf = 64), batch 16',
  w4: "W4: WGAN-GP on W2's nets, batch 64",
  w5: 'W5: MLP VAE 784-400-20, batch 128',
};

export function workloadTable(
  workload: string,
  { results, failures }: { results: Result[]; failures: Failure[] },
): string {
  // By hand on the same backend; jax-js and PyTorch beside wasm.
  const tfjs = (backend: string | null) =>
    results.find((r) => r.contender.kind === 'tfjs' && r.contender.backend === (backend ?? 'wasm'))?.ms
      .median;
  const torch = results.find((r) => r.contender.kind === 'torch' && r.contender.threads === 2)?.ms.median;
  const rows = results.map(({ contender, ms, memory, grew }) => [
    contender.name,
    contender.node,
    figure(ms.median),
    `${figure(ms.min)} · ${figure(ms.low)}–${figure(ms.high)}`,
    String(ms.count),
    times(tfjs(contender.backend), ms.median),
    times(ms.median, torch),
    figure(memory.peak),
    memory.wasm === null
      ? '–'
      : memory.used === null
        ? figure(memory.wasm)
        : `${figure(memory.used)} of ${figure(memory.wasm)}`,
    memory.tensors === null ? '–' : grew ? '**yes**' : 'no',
  ]);
  const head = [
    '',
    'Node',
    'ms a step',
    'min · quartiles',
    'steps',
    'as fast as tfjs',
    "PyTorch's time",
    'peak RSS, MiB',
    'wasm, MiB',
    'grows',
  ];
  const why = failures.map(
    ({ contender, reason }) => `- not measured: ${contender.name}, ${reason.trim().split('\n')[0]}`,
  );
  return [`### ${titles[workload]}\n`, markdown(head, rows), '', ...why, why.length > 0 ? '' : null]
    .filter((line) => line !== null)
    .join('\n');
}

const times = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? '–' : `${figure(a / b)}×`;

/** Beside the aims: six times tfjs, three times PyTorch's time (2.5 with relaxed SIMD), half of tfjs's memory. */
export function aims(measured: readonly { workload: string; results: Result[] }[]): string {
  const rows = measured.map(({ workload, results }) => {
    const tfjs = results.find((r) => r.contender.kind === 'tfjs' && r.contender.backend === 'wasm');
    const torch = results.find((r) => r.contender.kind === 'torch' && r.contender.threads === 2);
    const ours = results.filter(
      ({ contender: c }) => c.kind === 'ours' && c.backend === 'wasm' && c.threads === 2,
    );
    const plain = ours.find((r) => !r.contender.build!.startsWith('relaxed'));
    const relaxed = ours.find((r) => r.contender.build!.startsWith('relaxed'));
    const cell = (value: number | undefined, met: (v: number) => boolean, unit: string) =>
      value === undefined || !Number.isFinite(value)
        ? '–'
        : met(value)
          ? `${figure(value)}${unit}`
          : `**${figure(value)}${unit}**`;
    const ratio = (a: number | null | undefined, b: number | null | undefined) =>
      typeof a === 'number' && typeof b === 'number' ? a / b : undefined;
    return [
      workload.toUpperCase(),
      cell(ratio(tfjs?.ms.median, plain?.ms.median), (v) => v >= 6, '×'),
      cell(ratio(plain?.ms.median, torch?.ms.median), (v) => v <= 3, '×'),
      cell(ratio(relaxed?.ms.median, torch?.ms.median), (v) => v <= 2.5, '×'),
      cell(ratio(plain?.memory.used, tfjs?.memory.wasm), (v) => v <= 0.5, '×'),
    ];
  });
  const head = [
    '2 threads; in bold what misses its aim',
    'as fast as tfjs (≥ 6)',
    "PyTorch's time (≤ 3)",
    'with relaxed SIMD (≤ 2.5)',
    "tfjs's wasm memory (≤ 0.5)",
  ];
  return `### Aims\n\n${markdown(head, rows)}\n`;
}
