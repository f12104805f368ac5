/** The data are shown: by `ganc data` without training, and in the first event of `ganc train --json`. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { run, scratch } from './command.ts';

const folder = scratch();
const text = (n: number) => `data (x, y) ~ (image[4, 4, 1], label[${n}]) from "num"
net D(x: image[4, 4, 1], y: [${n}]) -> [1] = concat(flatten(x), y) |> dense(1)
loss l = expect(square(D(x, y)))
output both = concat(flatten(x) |> slice(0, 0, 1), y)
train (batch = 4, steps = 2) { sample x  update D to minimize l with sgd(1e-6) }
`;

async function numbers(): Promise<string> {
  for (let k = 0; k < 12; k++) {
    mkdirSync(join(folder, 'num', String(k)), { recursive: true });
    await sharp(Buffer.alloc(8 * 4, 20 * k), { raw: { width: 8, height: 4, channels: 1 } })
      .png()
      .toFile(join(folder, 'num', String(k), 'a.png'));
  }
  mkdirSync(join(folder, 'num/.git'), { recursive: true });
  writeFileSync(join(folder, 'num/.git/a.png'), '');
  writeFileSync(join(folder, 'num/3/b.png'), 'no picture');
  const file = join(folder, 'cls.gan');
  writeFileSync(file, text(12));
  return file;
}

describe('ganc data', async () => {
  const file = await numbers();

  test('says what there is, and draws it', async () => {
    const { code, stdout } = await run(['data', file, '--folder', join(folder, 'look')]);
    const picture = join(folder, 'look/data-x.png');
    expect(stdout.replaceAll(folder, 'here').split('\n')).toEqual([
      'x, y: 12 pictures from here/num; 12 classes, 0 to 11, 1 each; cropping keeps 50 % of each picture',
      '  skipped: 1',
      '    here/num/3/b.png: it is no picture that can be read (PNG, JPEG, WebP)',
      '  hidden, left out: .git/',
      '  x: image[4, 4, 1] from −1 to 0.7255, mean −0.1373  here/look/data-x.png',
      '  y: label[12]',
      '',
    ]);
    expect(code).toBe(0);
    // Files are in the order of their paths: 0, 1, 10, 11, 2, … 9.
    const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
    const at = (column: number, row: number) => {
      const cell = info.width / 4;
      return data[
        (Math.round((row + 0.5) * cell) * info.width + Math.round((column + 0.5) * cell)) * info.channels
      ];
    };
    expect([at(0, 0), at(1, 0), at(3, 2)]).toEqual([0, 20, 180]);
  });

  test('as JSON, without pictures', async () => {
    const { stdout } = await run(['data', file, '--json', '--no-pictures'], { cwd: folder });
    const { model, records } = JSON.parse(stdout);
    expect(model).toBe('cls');
    expect(records[0]).toMatchObject({
      names: ['x', 'y'],
      facts: {
        count: 12,
        classes: Array.from({ length: 12 }, (_, k) => ({ name: String(k), count: 1 })),
        crop: { mean: 0.5, least: 0.5, most: 0.5, of: 12 },
        hidden: ['.git/'],
      },
      fields: [
        { name: 'x', pictures: [] },
        { name: 'y', range: null },
      ],
    });
    expect(records[0].facts.skipped).toHaveLength(1);
    expect(existsSync(join(folder, 'data-x.png'))).toBe(false);
  });

  test('what cannot be opened is said', async () => {
    const { code, stderr } = await run(['data', file, '--data', 'x=nowhere']);
    expect(stderr).toContain('nowhere does not exist');
    expect(code).toBe(1);
  });

  test('training says it in a line, and as its first event', async () => {
    const out = join(folder, 'run');
    const { stdout, stderr } = await run(['train', file, '--backend', 'cpu', '--out', out, '--json']);
    expect(stderr).toContain('x, y: 12 pictures from ');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((e) => e.event)).toEqual(['start', 'log', 'log', 'end']);
    expect(events[0]).toMatchObject({ model: 'cls', seed: 0, backend: 'cpu', step: 0, folder: out });
    expect(events[0].data[0].facts.classes[10]).toEqual({ name: '10', count: 1 });
    expect(events[1].values.l).toEqual(expect.any(Number));
    expect(events[3]).toMatchObject({
      status: 'finished',
      steps: 2,
      checkpoint: expect.stringMatching(/step-000002/),
    });
  });
});
