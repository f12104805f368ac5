/**
 * The machine's own limit for this instruction set, and how near our products come: GFLOP/s of resident tiles, of a
 * square matrix product, and of W2's convolutions with both of their gradients, in turns.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { BACKEND } from '../../runtimes/kernels/wasm/backend.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import { spread } from './statistics.ts';

const settings = JSON.parse(process.argv[2]!) as {
  build: string;
  threads: number;
  peaks: string[];
  rounds: number;
};
const { threads } = settings;

/** A thread that runs a tile for some milliseconds, when all are there, and says how many GFLOP/s it made. */
const core = `
const { parentPort, workerData: { together, threads } } = require('node:worker_threads');
const gate = new Int32Array(together);
parentPort.on('message', ({ bytes, ms, round }) => {
  const { run, flops } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  run(20000);
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < threads * round);
  const begin = performance.now();
  let times = 0;
  do { run(2000); times += 2000; } while (performance.now() - begin < ms);
  parentPort.postMessage((times * flops()) / (performance.now() - begin) / 1e6);
});`;
const together = new SharedArrayBuffer(4);
const cores = Array.from(
  { length: threads },
  () => new Worker(core, { eval: true, workerData: { together, threads } }),
);
let round = 0;
async function peak(bytes: Uint8Array): Promise<number> {
  round++;
  const rates = cores.map((worker) => {
    worker.postMessage({ bytes, ms: 60, round });
    return new Promise<number>((resolve) => worker.once('message', resolve));
  });
  return (await Promise.all(rates)).reduce((a, b) => a + b, 0);
}

tf.enableProdMode();
const kernels = kernelHost({ threads, build: settings.build });
if (kernels === null || kernels.host.threads !== threads) throw new Error('These kernels do not start.');
registerWasm(kernels.host);
await tf.setBackend(BACKEND);
await tf.ready();

const random = (shape: number[]) => tf.randomUniform(shape, -1, 1);
type Four = [number, number, number, number];
interface Product {
  name: string;
  flops: number;
  run: () => tf.Tensor;
}
function square(n: number, transposeA: boolean, transposeB: boolean): Product {
  const [a, b] = [random([n, n]) as tf.Tensor2D, random([n, n]) as tf.Tensor2D];
  const marks = `${transposeA ? 'ᵀ' : ''}·B${transposeB ? 'ᵀ' : ''}`;
  return { name: `A${marks}, ${n}³`, flops: 2 * n ** 3, run: () => tf.matMul(a, b, transposeA, transposeB) };
}
function convolution(name: string, n: number, size: number, from: number, to: number): Product[] {
  const side = size / 2;
  const [x, k, dy] = [random([n, size, size, from]), random([5, 5, from, to]), random([n, side, side, to])];
  const flops = 2 * n * side * side * to * 25 * from;
  const attrs = { strides: [2, 2], pad: 'same', dataFormat: 'NHWC', dilations: [1, 1] };
  const shape = x.shape as Four;
  const of = (kernel: string, inputs: object, more: object) => () =>
    tf.engine().runKernel(kernel, inputs as never, { ...attrs, ...more } as never) as tf.Tensor;
  return [
    { name, flops, run: of('Conv2D', { x, filter: k }, {}) },
    {
      name: `${name}, input gradient`,
      flops,
      run: of('Conv2DBackpropInput', { dy, filter: k }, { inputShape: shape }),
    },
    {
      name: `${name}, filter gradient`,
      flops,
      run: of('Conv2DBackpropFilter', { x, dy }, { filterShape: k.shape }),
    },
  ];
}
const products = [
  square(512, false, false),
  square(512, true, false),
  square(512, false, true),
  ...convolution('conv 28×28×1 → 64, batch 64', 64, 28, 1, 64),
  ...convolution('conv 14×14×64 → 128, batch 64', 64, 14, 64, 128),
];
/** Once, in milliseconds; repeated to last some. */
function timed({ run, flops }: Product): number {
  const times = Math.max(1, Math.round(1e9 / flops));
  const begin = performance.now();
  for (let i = 0; i < times; i++) run().dispose();
  return (times * flops) / (performance.now() - begin) / 1e6;
}

const tiles = settings.peaks.map((file) => ({
  name: path.basename(file, '.wasm'),
  bytes: readFileSync(file),
}));
const rates = new Map<string, number[]>();
const note = (name: string, rate: number) => rates.set(name, [...(rates.get(name) ?? []), rate]);
for (const p of products) timed(p);
for (let i = 0; i < settings.rounds; i++) {
  for (const { name, bytes } of tiles) note(name, await peak(bytes));
  for (const p of products) note(p.name, timed(p));
}
const median = (name: string) => spread(rates.get(name)!).median;
const best = tiles.map(({ name }) => ({ name, rate: median(name) })).sort((a, b) => b.rate - a.rate)[0]!;
const lines = products.map(({ name }) => ({ name, rate: median(name) }));
process.stdout.write(`${JSON.stringify({ best, lines })}\n`, () => process.exit(0));
