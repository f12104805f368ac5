/** The page on checkpoints: its names are those of a file, and its lines of Python draw what `ganc sample` draws. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { drawValues, sourceStream } from '../../runtimes/core/random.ts';
import { CHUNK } from '../../runtimes/core/run/outputs.ts';
import { decodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { writeNpy } from '../../runtimes/core/sources/npy.ts';
import { RunFolder } from '../../runtimes/node/folder.ts';
import { root, run, scratch } from './command.ts';

const page = readFileSync(path.join(root, 'runtimes/checkpoints.md'), 'utf8');
const folder = scratch();
const at = (name: string) => path.join(folder, name);
let checkpoint = '';

beforeAll(async () => {
  // Enough steps that averages and statistics have moved.
  const ran = await run(
    [
      'train',
      path.join(root, 'models/first.gan'),
      '--steps',
      '6',
      '--batch',
      '8',
      '--out',
      'run',
      '--samples-every',
      '100',
    ],
    { cwd: folder },
  );
  expect(ran.code, ran.stderr).toBe(0);
  checkpoint = new RunFolder(at('run')).latest()!.path;
});

test('names, prefixes, shapes and metadata are as it says', () => {
  const { tensors, metadata } = decodeSafetensors(readFileSync(checkpoint), checkpoint);
  const names = [...tensors.keys()];
  const kinds = new Set(
    names.map((name) => name.replace(/^optimizer:[^:]*:/, 'optimizer:NAME:').replace(/[^:]*$/, '')),
  );
  expect([...kinds].sort()).toEqual(['', 'averaged:', 'optimizer:NAME:m:', 'optimizer:NAME:v:', 'sample:']);
  for (const kind of ['averaged:', 'frozen:', 'optimizer:', 'sample:']) expect(page).toContain(`| \`${kind}`);
  const shapeOf = (name: string) => tensors.get(name)!.shape;
  expect(shapeOf('G/dense_1/kernel')).toEqual([64, 2352]);
  expect(shapeOf('G/conv_transpose_1/kernel')).toEqual([4, 4, 24, 48]);
  expect(shapeOf('D/conv_2/kernel')).toEqual([4, 4, 24, 48]);
  expect(shapeOf('averaged:G/batch_norm_1/variance')).toEqual([48]);
  expect(Object.keys(metadata).sort()).toEqual(['ganc', 'ganc.program']);
  expect(JSON.parse(metadata.ganc!)).toMatchObject({ format: 1, total: 6, tensors: tensors.size });
});

const python = process.env.PYTHON ?? 'python3';
const hasTorch = spawnSync(python, ['-c', 'import torch, numpy, safetensors']).status === 0;

test.skipIf(!hasTorch)(
  'its Python draws what ganc sample draws (PYTHON has torch, numpy and safetensors)',
  async () => {
    const [, script] = /```python\n([\s\S]*?)```/.exec(page)!;
    writeFileSync(at('draw.py'), script!);
    // The noise of `ganc sample`, seed 0.
    const z = drawValues(0, `sample/${sourceStream('z')}`, 0, { kind: 'normal', mean: 0, std: 1 }, [
      CHUNK,
      64,
    ]);
    writeFileSync(at('z.npy'), writeNpy([CHUNK, 64], z));
    execFileSync(python, [at('draw.py'), checkpoint, at('z.npy'), at('theirs.npy')]);
    const ours = await run(['sample', 'run', '--format', 'npy', '-o', 'ours.npy'], { cwd: folder });
    expect(ours.code, ours.stderr).toBe(0);
    const difference = `import numpy as np, sys
a, b = (np.load(f) for f in sys.argv[1:])
assert a.shape == b.shape == (64, 28, 28, 1) and np.abs(a).max() > 0.01, (a.shape, b.shape)
print(np.abs(a - b).max())`;
    const most = Number(
      execFileSync(python, ['-c', difference, at('ours.npy'), at('theirs.npy')]).toString(),
    );
    // Both in float32: the sums of some hundred products, in another order.
    expect(most).toBeLessThan(1e-5);
    console.log(`largest difference ${most}`);
  },
);
