import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeWav } from '../../runtimes/node/wav.ts';
import { declared, filesIn, scratchFolder } from './given.ts';

const folder = scratchFolder();
const { write, open, all, fails } = filesIn(folder);

describe('pictures', async () => {
  const sharp = (await import('sharp')).default;
  /** One colour left, another right. */
  const picture = (
    width: number,
    height: number,
    left: [number, number, number],
    right: [number, number, number],
  ) =>
    sharp(
      Buffer.from(
        Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? left : right)).flat(),
      ),
      {
        raw: { width, height, channels: 3 },
      },
    );

  test('resized, centre-cropped, coloured or grey; classes are sub-folders', async () => {
    const root = join(folder, 'pictures');
    for (const [name, left] of [
      ['cats', [255, 0, 0]],
      ['dogs', [0, 0, 255]],
    ] as const) {
      mkdirSync(join(root, name), { recursive: true });
      await picture(32, 16, [...left], [255, 255, 255])
        .png()
        .toFile(join(root, name, '1.png'));
      await picture(16, 32, [...left], [...left])
        .webp({ lossless: true })
        .toFile(join(root, name, '2.webp'));
      await picture(16, 16, [...left], [...left])
        .jpeg({ quality: 100 })
        .toFile(join(root, name, '3.JPG'));
    }
    const [images, labels] = await all(root, declared('x', 'image', 8, 8, 3), declared('y', 'label', 2));
    expect(labels).toEqual([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1]);
    const at = (example: number, y: number, x: number) =>
      images!.slice(((example * 8 + y) * 8 + x) * 3).slice(0, 3);
    expect(at(0, 4, 0)).toEqual([1, -1, -1]);
    expect(at(0, 4, 7)).toEqual([1, 1, 1]);
    expect(at(3, 4, 0)).toEqual([-1, -1, 1]);
    const [grey] = await all(root, declared('x', 'image', 8, 8, 1));
    expect(grey!.length).toBe(6 * 64);
    expect(grey!.every((v) => v >= -1 && v <= 1)).toBe(true);
    // Luma of Rec. 601, as Pillow's convert("L") gives it: red 76, blue 29.
    expect(grey![0]).toBe(Math.fround(76 / 127.5 - 1));
    expect(grey![3 * 64]).toBe(Math.fround(29 / 127.5 - 1));
    expect(grey![7]).toBe(1);
    const [flat] = await all(root, declared('x', 'tensor', 64));
    expect(flat).toEqual(grey);
    await fails(root, [declared('x', 'sound', 64, 1)], 'holds pictures', 'declared sound');
    await fails(root, [declared('x', 'image', 8, 8, 3), declared('y', 'label', 1)], '2 classes', 'cats');
  });

  test('those that do not decode are named, counted and skipped up to a limit', async () => {
    const root = join(folder, 'broken');
    mkdirSync(root);
    for (let i = 0; i < 15; i++)
      await picture(8, 8, [i, i, i], [i, i, i])
        .png()
        .toFile(join(root, `ok${10 + i}.png`));
    writeFileSync(join(root, 'bad.png'), 'not a picture');
    const dataset = await open(root, declared('x', 'image', 8, 8, 1));
    expect(dataset.count).toBe(15);
    expect(dataset.facts!.skipped).toEqual([
      { what: join(root, 'bad.png'), why: 'it is no picture that can be read (PNG, JPEG, WebP)' },
    ]);
    for (let i = 0; i < 12; i++) writeFileSync(join(root, `bad${i}.png`), 'no');
    await fails(root, [declared('x', 'image', 8, 8, 1)], 'cannot be read', 'at most 10', 'bad0.png');
  });

  test('a folder without data says what could be in it', async () => {
    mkdirSync(join(folder, 'void'));
    await fails(join(folder, 'void'), [declared('x', 'image', 8, 8, 1)], 'no pictures');
  });
});

describe('WAV', async () => {
  const { WaveFile } = (await import('wavefile')).default;
  const wav = (channels: number, samples: Int16Array | Int16Array[], rate = 8000): Uint8Array => {
    const file = new WaveFile();
    file.fromScratch(channels, rate, '16', samples);
    return file.toBuffer();
  };

  test('clips of the declared length, silence at the end of a short one, two channels as one', async () => {
    const root = join(folder, 'sounds');
    mkdirSync(root);
    writeFileSync(
      join(root, 'a.wav'),
      wav(
        1,
        Int16Array.from({ length: 5 }, (_, i) => i * 8192),
      ),
    );
    writeFileSync(join(root, 'b.wav'), wav(2, [new Int16Array([16384]), new Int16Array([-8192])]));
    const dataset = await open(root, declared('x', 'sound', 2, 1));
    expect(dataset.count).toBe(3);
    expect(dataset.sampleRate).toBe(8000);
    const [values] = await dataset.read([0, 1, 2]);
    [0, 0.25, 0.5, 0.75, 0.125, 0].forEach((v, i) => {
      expect(values![i]).toBe(v);
    });
  });
  test.each<[string, number[]]>([
    ['8', [-1, -0.5, 0, 0.5, 127 / 128]],
    ['16', [-1, -0.5, 0, 0.5, 32_767 / 32_768]],
    ['24', [-1, -0.5, 0, 0.5, (2 ** 23 - 1) / 2 ** 23]],
    ['32', [-1, -0.5, 0, 0.5, Math.fround((2 ** 31 - 1) / 2 ** 31)]],
    ['32f', [-1, -0.5, 0, 0.5, 1]],
  ])('%s bits: −2^(bits−1) is −1, as in an array', async (bits, wanted) => {
    const half = bits === '32f' ? 1 : 2 ** (Number(bits) - 1);
    const silence = bits === '8' ? half : 0;
    const samples = wanted.map((v) => Math.min(bits === '32f' ? 1 : half - 1, v * half) + silence);
    const file = new WaveFile();
    file.fromScratch(1, 8000, bits, samples);
    expect(await all(write('bits.wav', file.toBuffer()), declared('x', 'sound', 5, 1))).toEqual([wanted]);
  });
  test('what is read is written again as it was', async () => {
    const samples = Int16Array.from([-32768, -12345, -1, 0, 1, 777, 32767]);
    const [values] = await all(write('again.wav', wav(1, samples)), declared('x', 'sound', 7, 1));
    const written = encodeWav({ count: 1, shape: [7, 1], values: Float32Array.from(values!) }, 8000);
    expect(new WaveFile(written).getSamples(false, Int16Array)).toEqual(samples);
  });
  test('what is refused', async () => {
    const x = [declared('x', 'sound', 2, 1)];
    await fails(write('cut.wav', wav(1, new Int16Array(9)).slice(0, 44)), x, 'no samples');
    await fails(
      write('mono.wav', wav(1, new Int16Array(9))),
      [declared('x', 'sound', 2, 2)],
      '1 channel',
      'sound[2, 2]',
    );
  });
});
