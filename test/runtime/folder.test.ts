/** A run as its user sees it: the folder, and every way in which it can go wrong. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import wavefile from 'wavefile';
import type { LogEntry } from '../../runtimes/core/run/loop.ts';
import type { CompiledModel, TypeSpec } from '../../runtimes/core/run/model.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { curvesSvg } from '../../runtimes/node/charts.ts';
import { draw } from '../../runtimes/node/drawing.ts';
import { RunFolder } from '../../runtimes/node/folder.ts';
import type { TrainOptions } from '../../runtimes/node/options.ts';
import { sample } from '../../runtimes/node/sample.ts';
import { train } from '../../runtimes/node/train.ts';
import { tinyModel } from './tiny.ts';

const root = mkdtempSync(join(tmpdir(), 'ganc-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let said: { out: string; err: string };
beforeEach(() => {
  said = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.err += text;
    return true;
  });
  return () => vi.restoreAllMocks();
});

const run = (name: string, model: CompiledModel, options: TrainOptions = {}) =>
  train(
    model,
    { backend: 'cpu', out: join(root, name), samplesEvery: 1000, ...options },
    { directory: root },
  );

/** Fails with all these words, and not with a fault of the program. */
async function fails(doing: Promise<unknown>, ...words: string[]) {
  const error = await doing.then(
    () => null,
    (e) => e,
  );
  expect(error?.name, String(error?.stack)).toBe('UserError');
  for (const word of words) expect(`${error.message}\n${error.hint}`).toContain(word);
}

const values = (path: string) => decodeSafetensors(new Uint8Array(readFileSync(path)), path);

/** A safetensors file with PyTorch's `num_batches_tracked` added. */
function withCount(parts: readonly Uint8Array[]): Uint8Array {
  const header = JSON.parse(Buffer.from(parts[1]!).toString());
  const body = Buffer.concat(parts.slice(2));
  header['G/norm.num_batches_tracked'] = {
    dtype: 'I64',
    shape: [],
    data_offsets: [body.length, body.length + 8],
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, body, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])]);
}

describe('a run', () => {
  test('leaves what it says; draws from it', async () => {
    const folder = join(root, 'whole');
    const result = await run('whole', tinyModel({ steps: 8 }), { checkpointEvery: 2, logEvery: 3 });
    expect(result).toMatchObject({ status: 'finished', steps: 8, exitCode: 0, folder });
    expect(readdirSync(join(folder, 'checkpoints')).sort()).toEqual([
      'step-000004.safetensors',
      'step-000006.safetensors',
      'step-000008.safetensors',
    ]);
    expect(readdirSync(join(folder, 'samples')).sort()).toEqual(['points-000000.png', 'points-000008.png']);
    const log = readFileSync(join(folder, 'log.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    // Steps 0, 3 and 6 of the phase and its last, counted from 1.
    expect(log.map((l) => l.step)).toEqual([1, 4, 7, 8]);
    expect(Object.keys(log[0])).toEqual([
      'step',
      'phase',
      'phaseStep',
      'epoch',
      'ms',
      'critic',
      'generator',
      'spread',
    ]);
    expect(readFileSync(join(folder, 'curves.svg'), 'utf8')).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/,
    );
    expect(JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))).toMatchObject({
      model: 'tiny',
      options: { seed: 0 },
    });
    expect(said.out).toContain('points-000008.png');
    expect(said.out).toContain('step-000008.safetensors');

    const npy = join(root, 'p.npy');
    const drawn = (seed: number, count: number) =>
      sample(tinyModel(), folder, { seed, count, path: npy, backend: 'cpu' });
    expect(await drawn(1, 100)).toEqual([npy]);
    const hundred = readFileSync(npy);
    await drawn(1, 70);
    // The same seed gives the same examples, however many are asked for.
    expect(readFileSync(npy).subarray(128)).toEqual(hundred.subarray(128, 128 + 70 * 8));
    await drawn(2, 100);
    expect(readFileSync(npy).equals(hundred)).toBe(false);
    const [png] = await sample(tinyModel(), folder, { path: join(root, 'p.png'), backend: 'cpu' });
    expect((await sharp(png).metadata()).format).toBe('png');
    const deep = join(root, 'made/for/it.png');
    expect(await sample(tinyModel(), folder, { path: deep, backend: 'cpu' })).toEqual([deep]);
    expect(readFileSync(deep).subarray(1, 4).toString()).toBe('PNG');
    for (const name of ['p.jpg', 'p.wav']) {
      await fails(
        sample(tinyModel(), folder, { path: join(root, name), backend: 'cpu' }),
        extname(name),
        '.npy',
      );
    }
    await fails(sample(tinyModel(), root, { backend: 'cpu' }), 'not a run folder', 'there are runs in it');
    await fails(sample(tinyModel(), folder, { output: 'nothing', backend: 'cpu' }), 'nothing', 'points');
  });

  test.each(['/proc/x', '/proc/x/y', '/dev/null/x'])(
    '%s takes no folder: it is said, not waited for',
    async (out) => {
      if (!existsSync('/proc/self')) return;
      await expect(train(tinyModel({ steps: 1 }), { out, backend: 'cpu' })).rejects.toThrow(
        /could not be written/,
      );
    },
  );

  test('memory does not grow', async () => {
    const seen: number[] = [];
    const model = tinyModel({ steps: 20 });
    const { step } = model.phases[0]!;
    model.phases[0]!.step = async (r) => {
      await step(r);
      seen.push(tf.memory().numTensors);
    };
    const before = tf.memory().numTensors;
    await run('memory', model, { samplesEvery: 3, checkpointEvery: 4, logEvery: 1 });
    expect(seen[19]).toBe(seen[4]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('goes on in its folder, with what it was started with', async () => {
    const folder = join(root, 'longer');
    await run('longer', tinyModel(), { steps: ['5'], seed: 3, batch: ['8'], logEvery: 1 });
    await train(tinyModel(), { from: folder, steps: ['9'] }, {});
    const again = new RunFolder(folder);
    expect(again.entries().map((e) => e.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(again.record()!.options).toMatchObject({ seed: 3, batch: ['8'], steps: ['9'], backend: 'cpu' });
    expect(values(again.latest()!.path).tensors.get('sample:x')!.shape).toEqual([8, 2]);
    const listening = process.listenerCount('SIGINT');
    await fails(run('longer', tinyModel()), 'holds a run already', '--from');
    expect(process.listenerCount('SIGINT')).toBe(listening);
    expect(existsSync(join(folder, 'run.lock'))).toBe(false);
    // From an older checkpoint it goes on elsewhere: nothing that was written is lost.
    await train(
      tinyModel(),
      { from: again.checkpoints()[0]!.path, out: join(root, 'branch'), steps: ['7'] },
      {},
    );
    expect(again.latest()!.step).toBe(9);
    expect(new RunFolder(join(root, 'branch')).latest()!.step).toBe(7);
  });

  test('stopped before its first checkpoint, it begins again', async () => {
    const folder = join(root, 'early');
    await run('early', tinyModel({ steps: 4 }), { seed: 9 });
    const [end] = new RunFolder(folder).checkpoints();
    const bytes = readFileSync(end!.path);
    rmSync(end!.path);
    await train(tinyModel({ steps: 4 }), { from: folder }, {});
    expect(readFileSync(new RunFolder(folder).latest()!.path).equals(bytes)).toBe(true);
  });

  test('a model is not taken for a checkpoint', async () => {
    const model = join(root, 'some.gan');
    writeFileSync(model, 'noise z ~ normal[3]\n');
    await fails(
      train(tinyModel(), { from: model }, {}),
      'some.gan is a model, not a run of it',
      'checkpoint',
    );
  });

  test('a net starts from the weights of another run', async () => {
    await run('source', tinyModel({ steps: 3, averaged: [] }));
    const model = tinyModel({ steps: 1, step: async (r) => r.sample(['z']) });
    model.nets[0]!.from = 'source';
    await run('started', model);
    const at = (name: string) => values(new RunFolder(join(root, name)).latest()!.path).tensors;
    // The source averages G, and the average is what is taken.
    expect(at('started').get('G/dense_1/kernel')).toEqual(at('source').get('averaged:G/dense_1/kernel'));
    expect(at('started').get('D/dense_1/kernel')).not.toEqual(at('source').get('D/dense_1/kernel'));
    // As PyTorch saves a net: with counts that are no floating-point numbers.
    const { tensors } = values(new RunFolder(join(root, 'source')).latest()!.path);
    const counted = withCount(encodeSafetensors(new Map([...tensors].filter(([n]) => /^G/.test(n))), {}));
    writeFileSync(join(root, 'torch.safetensors'), counted);
    model.nets[0]!.from = 'torch.safetensors';
    await run('torch', model);
    expect(at('torch').get('G/dense_1/kernel')).toEqual(at('source').get('G/dense_1/kernel'));
    model.nets[0]!.from = 'source';
    model.weights[0]!.shape = [4, 2];
    model.noise[0]!.shape = [4];
    await fails(run('misfit', model), '`G` cannot start', 'G/dense_1/kernel is [3, 2] there and [4, 2] here');
    model.nets[0]!.from = 'nowhere';
    await fails(run('misfit2', model), 'nowhere', 'does not exist');
  });
});

describe('what goes wrong is said', () => {
  test('NaN in a loss: the step, the loss, the last good checkpoint', async () => {
    const model = tinyModel({ steps: 20 });
    const { step } = model.phases[0]!;
    model.phases[0]!.step = async (r) => {
      await step(r);
      if (r.step !== 6) return;
      const bad = tf.scalar(Number.NaN);
      r.log('generator', bad);
      bad.dispose();
    };
    await fails(
      run('nan', model, { checkpointEvery: 5, logEvery: 4 }),
      'generator became NaN at step 7',
      'step-000005.safetensors',
    );
    expect(new RunFolder(join(root, 'nan')).latest()!.step).toBe(5);
  });

  test('weights that are not finite are not saved as good', async () => {
    const model = tinyModel({
      steps: 4,
      step: async (r) => {
        r.update('g_opt', { 'G/dense_1/bias': tf.tensor1d([1, Number.POSITIVE_INFINITY]) }, { lr: 1 });
      },
    });
    await fails(run('infinite', model), 'not finite', 'G/dense_1/bias', 'no checkpoint yet');
    expect(new RunFolder(join(root, 'infinite')).checkpoints()).toEqual([]);
  });

  test('a checkpoint of another model: which weights differ', async () => {
    await run('other', tinyModel({ steps: 1 }));
    const model = tinyModel({ steps: 2 });
    model.weights[1]!.name = 'G/dense_1/offset';
    model.weights[2]!.shape = [2, 5];
    await fails(
      train(model, { from: join(root, 'other') }, {}),
      'G/dense_1/offset [2] is not in it',
      'G/dense_1/bias is only in it',
      'D/dense_1/kernel is [2, 1] there and [2, 5] here',
    );
    const path = new RunFolder(join(root, 'other')).latest()!.path;
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    await fails(train(tinyModel(), { from: join(root, 'other') }, {}), 'cut off', path);
    // An older one is named, where there is one.
    const folder = new RunFolder(join(root, 'whole'));
    const [older, newest] = folder.checkpoints().slice(-2);
    const bytes = readFileSync(newest!.path);
    writeFileSync(newest!.path, bytes.subarray(0, -4));
    await fails(
      train(tinyModel({ steps: 8 }), { from: folder.path }, {}),
      'cut off',
      `${older!.path} (step ${older!.step})`,
    );
    writeFileSync(newest!.path, bytes);
  });

  test('options and data', async () => {
    await fails(run('a', tinyModel(), { steps: ['many'] }), '--steps many');
    await fails(run('a', tinyModel(), { steps: ['learn=3'] }), 'no phase learn', 'train');
    await fails(run('a', tinyModel(), { data: { y: 'ring' } }), 'no data `y`', 'x');
    await fails(
      run('a', tinyModel(), { data: { x: join(root, 'none.npy') } }),
      'none.npy does not exist',
      'ring',
    );
    await fails(run('a', tinyModel(), { batch: ['60_000'] }), 'batch of 60000', 'holds 50000');
    await fails(train(tinyModel(), { from: join(root, 'nowhere') }, {}), 'does not exist');
    mkdirSync(join(root, 'void'));
    await fails(train(tinyModel(), { from: join(root, 'void') }, {}), 'not a run folder');
    writeFileSync(join(root, 'file'), '');
    await fails(run('file/run', tinyModel()), 'a part of the path is a file');
    const sourceless = tinyModel();
    sourceless.data[0]!.from = null;
    await fails(run('b', sourceless), '`x` has no source', '--data x=');
    const [photos, maps] = [join(root, 'photos'), join(root, 'maps')];
    const pair = tinyModel();
    pair.data[0]!.fields = ['x', 'y'].map((name) => ({ name, type: { meaning: 'tensor', shape: [2] } }));
    await fails(
      run('pair', pair, { data: { y: maps, x: photos } }),
      'x and y are fields of one record (x, y)',
      `--data x=${photos},${maps}`,
    );
    await fails(run('pair', pair, { data: { 'x,y': `${photos},${maps}` } }), `--data x=${photos},${maps}`);
    await fails(run('b', { ...tinyModel(), format: 2 } as never), 'another version');
    await fails(run('b', { ...tinyModel(), phases: [] }), 'no `train`');
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk', async () => {
    const folder = new RunFolder(join(root, 'full'));
    folder.create({} as never, []);
    folder.openLog(0);
    const inner = folder as unknown as { log: number };
    closeSync(inner.log);
    inner.log = openSync('/dev/full', 'w');
    await fails(
      (async () => folder.append({ step: 1, phase: 'a', phaseStep: 1, epoch: 0, ms: 1, values: {} }))(),
      'disk is full',
      '--from',
    );
    folder.close();
  });
});

test('a loss may have the name of a field of the log', () => {
  const folder = new RunFolder(join(root, 'names'));
  folder.create({} as never, []);
  folder.openLog(0);
  const common = { step: 1, phase: 'a', phaseStep: 1, epoch: 0, ms: 1 };
  const entries: LogEntry[] = [
    { ...common, values: { critic: 2 } },
    { ...common, values: { ms: 2, phase: 3, values: 4 } },
    { ...common, values: { values: 5 } },
  ];
  for (const entry of entries) folder.append(entry);
  expect(folder.entries()).toEqual(entries);
  folder.close();
});

describe('drawings', () => {
  const output = (type: TypeSpec) => ({
    name: 'o',
    type,
    doc: '',
    sources: [],
    evaluate: () => tf.scalar(0),
  });

  test('pictures: a grid with white between, [−1, 1] to 0 … 255', async () => {
    const shape = [2, 2, 1];
    const [file] = await draw(
      output({ meaning: 'image', shape }),
      { count: 2, shape, values: new Float32Array([-1, 1, 0, Number.NaN, 1, 1, 1, -9]) },
      'g',
    );
    expect(file!.name).toBe('g.png');
    const { data, info } = await sharp(file!.bytes).greyscale().raw().toBuffer({ resolveWithObject: true });
    const factor = info.width / 10;
    expect(info.height / factor).toBe(6);
    const at = (x: number, y: number) => data[(y * factor * info.width + x * factor) * info.channels];
    expect([at(2, 2), at(3, 2), at(2, 3), at(3, 3)]).toEqual([0, 255, 128, 0]);
    expect([at(0, 0), at(4, 2), at(7, 3)]).toEqual([255, 255, 0]);
  });

  test('sound: a picture and a WAV of all examples', async () => {
    const shape = [4, 1];
    const files = await draw(
      output({ meaning: 'sound', shape }),
      { count: 2, shape, values: new Float32Array([0, 1, -1, 0.5, 2, 0, 0, 0]) },
      's',
      { sampleRate: 8000 },
    );
    expect(files.map((f) => f.name)).toEqual(['s.png', 's.wav']);
    const wav = new wavefile.WaveFile(files[1]!.bytes);
    expect((wav.fmt as { sampleRate: number }).sampleRate).toBe(8000);
    expect([...(wav.getSamples() as unknown as Float64Array)]).toEqual([
      0, 32767, -32768, 16384, 32767, 0, 0, 0,
    ]);
  });

  test('curves: one panel a value, with gaps where it is not a number', () => {
    const entry = (step: number, loss: number | null): LogEntry => ({
      step,
      phase: 'a',
      phaseStep: step,
      epoch: 0,
      ms: 1,
      values: { loss: loss as number, other: 1e6 },
    });
    const svg = curvesSvg([entry(1, 1), entry(2, null), entry(3, 2)])!;
    expect(svg.match(/<svg/g)).toHaveLength(3);
    expect(svg).toContain('loss');
    expect(svg).not.toContain('NaN');
    expect(curvesSvg([])).toBe(null);
  });
});

test('an output of frozen and averaged copies is drawn from step 0 on', async () => {
  const model = tinyModel({ steps: 2, frozen: ['G'] });
  const means: number[][] = [];
  const { evaluate } = model.outputs[0]!;
  model.outputs[0]!.evaluate = async (r) => {
    const copies = [r.live, r.frozen, r.averaged, r.output].map((w) => w['G/dense_1/kernel']!.dataSync()[0]!);
    means.push(copies);
    return evaluate(r);
  };
  await run('copies', model, { samplesEvery: 1 });
  const [begin, , end] = means.filter((m, i) => i === 0 || m.join() !== means[i - 1]!.join());
  expect(new Set(begin).size).toBe(1);
  // Live, frozen and averaged have parted; outputs use the average.
  expect(new Set(end).size).toBe(3);
  expect(end![1]).toBe(begin![0]);
  expect(end![3]).toBe(end![2]);
});

test('NaN in what an update minimises without a name: found in the step that makes it, by the statement and its line', async () => {
  const model = tinyModel({
    steps: 20,
    objectives: [{ name: 'objective 1', update: 'update D to minimize …', line: 12 }],
  });
  const { step } = model.phases[0]!;
  model.phases[0]!.step = async (r) => {
    await step(r);
    const value = tf.scalar(r.step === 6 ? Number.NaN : 1);
    r.log('objective 1', value);
    value.dispose();
  };
  await fails(
    run('unnamed', model, { checkpointEvery: 5, logEvery: 1 }),
    'the objective of `update D to minimize …` (line 12) became NaN at step 7',
    'step-000005.safetensors',
  );
  // It is watched, and not written down.
  const names = new Set(
    new RunFolder(join(root, 'unnamed')).entries().flatMap(({ values }) => Object.keys(values)),
  );
  expect([...names]).toEqual(['critic', 'generator', 'spread']);
});
