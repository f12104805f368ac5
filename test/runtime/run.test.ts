/** What generated code may rely on: sampling, draws, averages, power iterations, clocks. */
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { drawStream, drawValues, sourceStream } from '../../runtimes/core/random.ts';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import { type Dataset, Feed } from '../../runtimes/core/run/data.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { tinyModel } from './tiny.ts';

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});

/** A record of two fields: the example's number, and its number ten times as large. */
const numbers = (count: number): Dataset => ({
  origin: 'numbers',
  count,
  read: async (indices) => [Float32Array.from(indices), Float32Array.from(indices, (i) => 10 * i)],
});

function model(): CompiledModel {
  const scalar = { meaning: 'tensor', shape: [1] } as const;
  const base = tinyModel();
  return {
    ...base,
    data: [
      {
        fields: [
          { name: 'x', type: { ...scalar, shape: [1] } },
          { name: 'y', type: { ...scalar, shape: [1] } },
        ],
        from: null,
      },
    ],
    weights: [
      ...base.weights,
      {
        name: 'D/conv_1/kernel',
        net: 'D',
        shape: [3, 3, 2, 5],
        init: { kind: 'normal', mean: 0, std: 1 },
        fanIn: 18,
        fanOut: 45,
      },
    ],
    stats: [
      ...base.stats,
      { name: 'D/conv_1/u', net: 'D', shape: [18], init: 'unit' },
      { name: 'D/conv_1/v', net: 'D', shape: [5], init: 'unit' },
    ],
  };
}

const runs: TrainingRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) run.dispose();
});
function start(count = 10, seed = 1, from = model()): TrainingRun {
  const run = new TrainingRun(from, { seed, datasets: { x: numbers(count) } });
  run.state.initialise(seed);
  run.beginPhase(run.model.phases[0]!);
  runs.push(run);
  return run;
}
const list = (t: tf.Tensor | undefined) => [...t!.dataSync()];

describe('data', () => {
  test('passes are shuffled, without repetition, the last incomplete batch dropped', async () => {
    const feed = new Feed('x', numbers(10), 3);
    const passes: number[][] = [[], [], []];
    for (let i = 0; i < 9; i++) passes[feed.position.pass]!.push(...(await feed.next(3))[0]!);
    expect(feed.position).toEqual({ pass: 3, offset: 0 });
    for (const pass of passes) expect(new Set(pass).size).toBe(9);
    expect(new Set(passes.map((p) => p.join())).size).toBe(3);
  });

  test('another number than before begins a new pass only where it must', async () => {
    const feed = new Feed('x', numbers(10), 3);
    const first = [...(await feed.next(6))[0]!];
    // Four are left: too few for six more, so the pass is over.
    expect(feed.position).toEqual({ pass: 1, offset: 0 });
    const second = [...(await feed.next(4))[0]!, ...(await feed.next(5))[0]!];
    expect(new Set(first).size).toBe(6);
    expect(new Set(second).size).toBe(9);
  });

  test('a batch larger than the data is an error, as large as the data is a pass', async () => {
    await expect(new Feed('x', numbers(10), 3).next(11)).rejects.toMatchObject({ name: 'UserError' });
    const feed = new Feed('x', numbers(10), 3);
    expect([...(await feed.next(10))[0]!].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(feed.position.pass).toBe(1);
  });

  test('fields of one record are drawn together, once', async () => {
    const run = start();
    await run.sample(['x', 'y'], 4);
    expect(list(run.samples.y)).toEqual(list(run.samples.x).map((v) => 10 * v));
    expect(run.samples.x!.shape).toEqual([4, 1]);
    const before = list(run.samples.x);
    // One field alone draws the whole record.
    await run.sample(['y'], 4);
    expect(list(run.samples.y)).toEqual(list(run.samples.x).map((v) => 10 * v));
    expect(new Set([...before, ...list(run.samples.x)]).size).toBe(8);
  });

  test('epoch and progress', async () => {
    const one = { ...model(), phases: tinyModel({ steps: null, epochs: 2, batch: 4 }).phases };
    const run = start(10, 1, one);
    const seen: number[][] = [];
    while (!run.phaseDone()) {
      run.beginStep(false);
      seen.push([run.step, run.epoch, run.progress]);
      await run.sample(['x']);
      run.endStep();
    }
    expect(seen).toEqual([
      [0, 0, 0],
      [1, 0, 0.25],
      [2, 1, 0.5],
      [3, 1, 0.75],
    ]);
  });
});

describe('noise', () => {
  test('a source: a new value at each sample, given by seed, name and count alone', async () => {
    const run = start();
    await run.sample(['z'], 2);
    const first = list(run.samples.z);
    await run.sample(['z'], 2);
    const dist = { kind: 'normal', mean: 0, std: 1 } as const;
    expect(first).toEqual([...drawValues(1, sourceStream('z'), 0, dist, [2, 3])]);
    expect(list(run.samples.z)).toEqual([...drawValues(1, sourceStream('z'), 1, dist, [2, 3])]);
  });

  test('a draw: by place and the latest sample; what is drawn again is the same, logging changes nothing', async () => {
    const dist = { kind: 'uniform', low: 0, high: 1 } as const;
    const values = async (logging: boolean) => {
      const run = start();
      const out: number[][] = [];
      const take = (place: string) => {
        const t = run.draw(place, dist, [2]);
        out.push(list(t));
        t.dispose();
      };
      for (let step = 0; step < 2; step++) {
        run.beginStep(logging);
        take('early');
        await run.sample(['z'], 2);
        take('a');
        take('b');
        take('a');
        await run.sample(['x'], 2);
        take('a');
        if (logging) run.draw('a', dist, [2]).dispose();
        run.endStep();
      }
      return out;
    };
    const plain = await values(false);
    expect(await values(true)).toEqual(plain);
    expect(new Set(plain.map(String)).size).toBe(8);
    expect(plain[3]).toEqual(plain[1]);
    expect(plain[1]).toEqual([...drawValues(1, drawStream('a'), 1, dist, [2])]);
    expect(plain[4]).toEqual([...drawValues(1, drawStream('a'), 2, dist, [2])]);
  });

  test('a phase begins with nothing sampled', async () => {
    const run = start();
    await run.sample(['x', 'z'], 2);
    run.beginPhase(run.model.phases[0]!);
    expect(run.samples).toEqual({});
    expect(run.feeds.x!.position).toEqual({ pass: 1, offset: 0 });
  });
});

describe('weights', () => {
  test('an average starts at the weights; states are copied', () => {
    const run = start();
    const kernel = 'D/dense_1/kernel';
    const first = list(run.live[kernel]);
    run.average('D', 0.9);
    expect(list(run.averaged[kernel])).toEqual(first);
    run.clip('D', 0.1, 0.2);
    const mean = tf.tensor1d([1, 2]);
    run.move({ 'D/norm/mean': mean }, 0.75);
    mean.dispose();
    expect(list(run.live['D/norm/mean'])).toEqual([0.25, 0.5]);
    run.average('D', 0.9);
    list(run.live[kernel]).forEach((w, i) => {
      expect(w === Math.fround(0.1) || w === Math.fround(0.2)).toBe(true);
      expect(list(run.averaged[kernel])[i]).toBeCloseTo(0.9 * first[i]! + 0.1 * w, 6);
    });
    expect(list(run.averaged['D/norm/mean'])).toEqual([0.25, 0.5]);
    // Other nets are left alone.
    expect(list(run.averaged['G/dense_1/kernel'])).toEqual(list(run.live['G/dense_1/kernel']));
  });

  test('averages of one size move together, others alone', () => {
    const stats = ['a', 'b', 'c', 'd'].map((name, i) => ({
      name: `D/${name}`,
      net: 'D',
      shape: [i === 2 ? 3 : 2],
      init: 'ones' as const,
    }));
    const run = new TrainingRun({ ...model(), stats }, { seed: 1, datasets: {} });
    run.state.initialise(1);
    const before = tf.memory().numTensors;
    const values = Object.fromEntries(stats.map(({ name, shape }, i) => [name, tf.fill(shape, i)]));
    run.move(values, 0.75);
    expect(stats.map(({ name }) => list(run.live[name]))).toEqual([
      [0.75, 0.75],
      [1, 1],
      [1.25, 1.25, 1.25],
      [1.5, 1.5],
    ]);
    tf.dispose(values);
    expect(tf.memory().numTensors).toBe(before);
    run.dispose();
  });

  test('an update changes its weights alone, and frees its gradients', () => {
    const run = start();
    const before = { g: list(run.live['G/dense_1/kernel']), d: list(run.live['D/dense_1/kernel']) };
    const gradient = tf.tensor2d([3, 4], [2, 1]);
    run.update('g_opt', { 'D/dense_1/kernel': gradient }, { lr: 1, clip_norm: 1 });
    expect(gradient.isDisposed).toBe(true);
    expect(list(run.live['G/dense_1/kernel'])).toEqual(before.g);
    list(run.live['D/dense_1/kernel']).forEach((w, i) => {
      expect(w).toBeCloseTo(before.d[i]! - [0.6, 0.8][i]!, 5);
    });
  });

  test.each(['D/dense_1', 'D/conv_1'])('%s: power iterations reach the largest singular value', (layer) => {
    const run = start();
    const kernel = run.live[`${layer}/kernel`]!;
    const out = kernel.shape.at(-1)!;
    const k = list(kernel);
    const rows = k.length / out;
    for (let i = 0; i < 200; i++) {
      run.iterate(`${layer}/kernel`, `${layer}/u`, `${layer}/v`);
      run.state.iterated.clear();
    }
    const [u, v] = [list(run.live[`${layer}/u`]), list(run.live[`${layer}/v`])];
    let sigma = 0;
    for (let r = 0; r < rows; r++) for (let c = 0; c < out; c++) sigma += u[r]! * k[r * out + c]! * v[c]!;
    // The largest eigenvalue of KᵀK, in float64.
    let x = Array.from({ length: out }, (_, c) => 1 + 0.1 * c);
    let value = 0;
    for (let i = 0; i < 2000; i++) {
      const kx = Array.from({ length: rows }, (_, r) => x.reduce((s, xc, c) => s + k[r * out + c]! * xc, 0));
      const y = x.map((_, c) => kx.reduce((s, kr, r) => s + k[r * out + c]! * kr, 0));
      value = Math.hypot(...y);
      x = y.map((n) => n / value);
    }
    expect(sigma).toBeCloseTo(Math.sqrt(value), 4);
  });

  test('one power iteration for each version of the kernel', () => {
    const run = start();
    const iterate = () => {
      run.iterate('D/conv_1/kernel', 'D/conv_1/u', 'D/conv_1/v');
      return list(run.live['D/conv_1/u']);
    };
    const first = iterate();
    expect(iterate()).toEqual(first);
    run.clip('D', -0.5, 0.5);
    expect(iterate()).not.toEqual(first);
  });
});

test('notes: the latest of a name, and only what the phase logs', async () => {
  const run = start();
  run.beginStep(true);
  for (const value of [1, 2]) {
    const t = tf.scalar(value);
    run.log('critic', t);
    run.log('unheard', t);
    t.dispose();
  }
  expect(await run.readNotes()).toEqual({ critic: 2 });
});

test('a loss that a step does not evaluate keeps its value, beyond a checkpoint too; metrics do not', async () => {
  const run = start();
  const note = (name: string, value: number) => {
    const t = tf.scalar(value);
    run.log(name, t);
    t.dispose();
  };
  run.beginStep(true);
  note('critic', 1);
  note('generator', 2);
  note('spread', 3);
  await run.readNotes();
  run.beginStep(true);
  note('critic', 4);
  expect(await run.readNotes()).toEqual({ critic: 4 });
  expect(run.lastLosses()).toEqual({ critic: 4, generator: 2 });

  const { tensors, metadata } = await captureCheckpoint(run);
  const resumed = start();
  restoreCheckpoint(
    resumed,
    decodeSafetensors(Buffer.concat(encodeSafetensors(tensors, metadata)), 'memory'),
    'memory',
  );
  expect(resumed.lastLosses()).toEqual({ critic: 4, generator: 2 });
});

test('the last step of a phase is logged, also where epochs end it', async () => {
  const logged = async (phase: Partial<CompiledModel['phases'][number]>): Promise<boolean[]> => {
    const run = start(10, 1, { ...model(), phases: tinyModel({ batch: 3, ...phase }).phases });
    const out: boolean[] = [];
    while (!run.phaseDone()) {
      run.beginStep(false);
      await run.sample(['x']);
      out.push(run.logging);
      run.endStep();
    }
    return out;
  };
  expect(await logged({ steps: null, epochs: 2 })).toEqual([false, false, false, false, false, true]);
  expect(await logged({ steps: 4 })).toEqual([false, false, false, true]);
});
