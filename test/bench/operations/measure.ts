/** Each operation at a real size: ours on wasm beside PyTorch and tfjs on wasm, by turns in one run. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../child.ts';
import type { OperationRequest } from '../protocol.ts';
import { figure, markdown, spread } from '../statistics.ts';
import { writeCase } from './case.ts';
import { realSamples } from './samples.ts';

interface Settings {
  built: string;
  folder: string;
  python: string | undefined;
  threads: number;
  filter: string;
  /** Turns of each contender, and how long one is. */
  turns: number;
  milliseconds: number;
}

type Who = 'ours' | 'torch' | 'tfjs';
type What = 'forward' | 'both';

export interface Row {
  name: string;
  title: string;
  what: What;
  ms: Partial<Record<Who, number>>;
  notes: string[];
}

const wide = 'arithmetic: the vectors of PyTorch’s AVX-512 are four times as wide as WebAssembly’s';
const functions =
  'a function: some thirty instructions for four numbers, where AVX-512 takes sixteen with fused multiply-add';
const passes = 'several passes over memory (mean, variance, result), where PyTorch has one';
const view = 'PyTorch’s gradient of a sum is a view, and copies nothing';
/** Why an operation takes more than that, where it is known. */
const REASONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...[
        'exp',
        'log',
        'sin',
        'cos',
        'erf',
        'tanh',
        'sigmoid',
        'softplus',
        'silu',
        'gelu',
        'elu',
        'selu',
        'pow',
      ],
      ...['softmax', 'log_softmax', 'logsumexp'],
    ].map((name) => [name, functions]),
  ),
  ...Object.fromEntries(['layer_norm', 'group_norm', 'instance_norm', 'var'].map((name) => [name, passes])),
  norm: wide,
  sum: view,
  mean: view,
  concat: 'a whole value is repeated for each example before it is joined: two copies for one',
  ...Object.fromEntries(
    [
      ...[
        'matmul',
        'linear',
        'linear_kernel_gradient',
        'dense',
        'embed',
        'conv',
        'conv_transpose',
        'convolve',
      ],
      ...['conv2d', 'conv2d_input_gradient', 'conv2d_filter_gradient'],
    ].map((name) => [name, wide]),
  ),
};

/** One pass that takes PyTorch less than this, in ms: what it takes to wake a second thread shows. */
const SHORT = 0.2;
const waking = 'a pass of under 0.2 ms, in which waking the other threads shows: `--threads 1` is without it';

/** Beyond this many times PyTorch's time a row misses its aim. */
const AIM = 3;

export async function operations(settings: Settings): Promise<string> {
  const { built, folder, python, threads } = settings;
  const program = path.join(built, 'operation.mjs');
  const node = (kind: string, n: number) =>
    new Child(process.execPath, [program, JSON.stringify({ kind, threads: n, alone: threads === 1 })]);
  const children = new Map<Who, Child>([['ours', node('ours', threads)]]);
  if (python !== undefined)
    children.set('torch', new Child(python, ['test/bench/peers/operations.py', String(threads)]));
  children.set('tfjs', node('tfjs', 1));
  const rows: Row[] = [];
  try {
    for (const child of children.values()) await child.answer();
    const samples = realSamples(settings.filter);
    for (const [i, sample] of samples.entries()) {
      const files = writeCase(sample, folder, i);
      const found = await measure(sample.title, files, children, settings);
      rows.push(...found);
      rmSync(files.file);
      console.error(`${i + 1} of ${samples.length}: ${found.map(progress).join(' · ')}`);
    }
  } finally {
    await Promise.all([...children.values()].map((child) => child.end()));
  }
  return table(rows, settings);
}

async function measure(
  title: string,
  files: ReturnType<typeof writeCase>,
  children: ReadonlyMap<Who, Child>,
  { turns, milliseconds }: Settings,
): Promise<Row[]> {
  const ask = <T>(who: Who, request: OperationRequest) =>
    children.get(who)!.ask<T & { error?: string }>(request as never);
  const able: Who[] = [];
  const notes: string[] = [];
  const checks = new Map<Who, number[]>();
  for (const who of children.keys()) {
    const got = await ask<{ checks: number[] }>(who, { ask: 'operation', ...files });
    if (got.error !== undefined) notes.push(`${names[who]}: ${got.error}`);
    else checks.set(who, got.checks);
    if (got.error === undefined) able.push(who);
  }
  const own = checks.get('ours');
  for (const [who, theirs] of checks) {
    if (who === 'ours' || !own) continue;
    if (agree(own, theirs)) continue;
    notes.push(
      `${names[who]} computes something else (${own.map(figure)} here, ${theirs.map(figure)} there)`,
    );
    able.splice(able.indexOf(who), 1);
  }
  const rows: Row[] = [];
  for (const what of ['forward', 'both'] as const) {
    if (what === 'both' && files.case.both === null) continue;
    const found = new Map<Who, number[]>(able.map((who) => [who, []]));
    for (let turn = 0; turn <= turns; turn++) {
      for (const who of able) {
        // Who takes that long is measured well enough by one turn.
        if (turn > 1 && found.get(who)![0]! > 500) continue;
        // Threads that spin for more work (OpenMP's) come to rest first.
        if (children.size > 1) await sleep(2);
        const got = await ask<{ ms: number }>(who, { ask: 'time', what, ms: milliseconds });
        // The first turn warms up.
        if (turn > 0 && got.error === undefined) found.get(who)!.push(got.ms);
      }
    }
    const ms = Object.fromEntries([...found].map(([who, times]) => [who, spread(times).median]));
    rows.push({ name: files.case.name, title, what, ms, notes: what === 'forward' ? notes : [] });
  }
  return rows;
}

const progress = ({ title, what, ms, notes }: Row): string =>
  `${what === 'forward' ? title : 'and gradient'}: ${figure(ms.ours)} beside ${figure(ms.torch)} ms${notes.map((n) => `; ${n}`).join('')}`;

const names: Record<Who, string> = { ours: 'ganc', torch: 'PyTorch', tfjs: 'tfjs' };

function agree(a: readonly number[], b: readonly number[]): boolean {
  return a.every(
    (x, i) => b[i] === undefined || Math.abs(x - b[i]) <= 2e-3 * Math.max(Math.abs(x), Math.abs(b[i]), 1),
  );
}

/** The slowest beside PyTorch first; without PyTorch, those that take the longest. */
function table(rows: Row[], { threads }: Settings): string {
  const ratio = (row: Row, to: Who) => row.ms.ours! / row.ms[to]!;
  const order = (row: Row) => (row.ms.torch === undefined ? (row.ms.ours ?? 0) * 1e-6 : ratio(row, 'torch'));
  const sorted = [...rows].sort((p, q) => order(q) - order(p));
  const times = (x: number) => (Number.isFinite(x) ? `${figure(x)}×` : '–');
  const lines = sorted.map((row) => {
    const slow = ratio(row, 'torch');
    return [
      row.title.replaceAll('|', '\\|'),
      row.what === 'forward' ? 'forward' : 'and gradient',
      figure(row.ms.ours),
      figure(row.ms.torch),
      slow > AIM ? `**${times(slow)}**` : times(slow),
      figure(row.ms.tfjs),
      times(row.ms.tfjs! / row.ms.ours!),
      slow > AIM
        ? (REASONS[row.name] ?? (threads > 1 && row.ms.torch! < SHORT ? waking : '**not known**'))
        : '',
    ];
  });
  const head = [
    'operation',
    '',
    'ganc, ms',
    'PyTorch, ms',
    "PyTorch's time",
    'tfjs, ms',
    'as fast as tfjs',
    'why',
  ];
  const beyond = rows.filter((row) => ratio(row, 'torch') > AIM).length;
  const compared = rows.filter((row) => Number.isFinite(ratio(row, 'torch'))).length;
  const notes = [...new Set(rows.flatMap((row) => row.notes.map((note) => `- ${row.title}: ${note}`)))];
  return [
    `### Operations, ${threads} thread${threads === 1 ? '' : 's'} (tfjs: one)\n`,
    `${beyond} of ${compared} rows take longer than ${AIM} times PyTorch's time.\n`,
    markdown(head, lines),
    '',
    threads === 1 ? "Of the processor's own time: other work on the machine does not lengthen it.\n" : null,
    ...notes,
    notes.length > 0 ? '' : null,
  ]
    .filter((line) => line !== null)
    .join('\n');
}
