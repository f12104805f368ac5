/** Files that are dropped on a page become the data that Node reads from the same bytes; wrong ones are told in words. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../runtimes/core/sources/npy.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { encodeWav } from '../../runtimes/node/wav.ts';
import { root, scratch } from '../e2e/command.ts';
import { inChromium } from './chromium.ts';
import { chosen, type Dropped, inNode } from './dropped.ts';
import { compiled, type Said, Talk } from './talk.ts';

const model = (declared: string, output: string, shape: string) => `data ${declared}
noise z ~ normal[2]
net G(z: [2]) -> ${shape} = z |> ${output}
let fake = G(z)
loss far = expect(sum((fake - x) ^ 2))
output samples = fake
train (batch = 2, steps = 2) {
  sample x, z
  update G to minimize far with sgd(1e-3)
}
`;
const points = model('x ~ [3]', 'dense(3)', '[3]');
const pictures = model(
  '(x, y) ~ (image[8, 6, 3], label[2])',
  'dense(144) |> reshape(8, 6, 3) |> tanh',
  'image[8, 6, 3]',
).replace('- x) ^ 2))', '- x) ^ 2)) + 0 * expect(sum(y))');
const grey = model(
  'x ~ image[28, 28, 1] from "fashion"',
  'dense(784) |> reshape(28, 28, 1) |> tanh',
  'image[28, 28, 1]',
);
const pairs = model(
  '(x, a) ~ (image[4, 4, 1], image[4, 4, 1])',
  'dense(16) |> reshape(4, 4, 1) |> tanh',
  'image[4, 4, 1]',
).replace('- x) ^ 2))', '- x) ^ 2)) + 0 * expect(sum(a))');
const sounds = model('x ~ sound[100]', 'dense(100) |> tanh |> reshape(100, 1)', 'sound[100]');

type Bytes = Uint8Array;

const folder = scratch();

function numbers(count: number, size: number): Float32Array {
  return Float32Array.from({ length: count * size }, (_, i) => Math.fround(Math.sin(i) * 3));
}

const text = (s: string): Bytes => new TextEncoder().encode(s);

/** A zip with one deflated entry, as `np.savez_compressed` writes it. */
function zip(name: string, data: Bytes): Bytes {
  const packed = deflateRawSync(data);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(packed.length, 18);
  head.writeUInt32LE(data.length, 22);
  head.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt32LE(data.length, 24);
  entry.writeUInt16LE(name.length, 28);
  const start = 30 + name.length + packed.length;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(start, 16);
  return Buffer.concat([head, Buffer.from(name), packed, entry, Buffer.from(name), end]);
}

/** A mono WAV of 16 bits. */
function wav(samples: readonly number[]): Bytes {
  const out = Buffer.alloc(44 + 2 * samples.length);
  out.write('RIFF', 0);
  out.writeUInt32LE(36 + 2 * samples.length, 4);
  out.write('WAVEfmt ', 8);
  out.writeUInt32LE(16, 16);
  out.writeUInt16LE(1, 20);
  out.writeUInt16LE(1, 22);
  out.writeUInt32LE(8000, 24);
  out.writeUInt32LE(16_000, 28);
  out.writeUInt16LE(2, 32);
  out.writeUInt16LE(16, 34);
  out.write('data', 36);
  out.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((s, i) => {
    out.writeInt16LE(Math.round(32_767 * s), 44 + 2 * i);
  });
  return out;
}

const png = (
  width: number,
  height: number,
  at: (x: number, y: number, c: number) => number,
  channels: 3 | 4 = 3,
) =>
  sharp(
    Buffer.from(
      Array.from({ length: width * height * channels }, (_, i) => {
        const pixel = Math.floor(i / channels);
        return at(pixel % width, Math.floor(pixel / width), i % channels);
      }),
    ),
    { raw: { width, height, channels } },
  )
    .png()
    .toBuffer();

inChromium('files dropped on a page', (browser) => {
  const talks = new Map<string, Promise<Talk>>();
  /** One worker a model, for all tests. */
  const talkTo = (name: string, source: string) => {
    let talk = talks.get(name);
    if (talk === undefined) {
      talk = compiled(name, source).then((out) => Talk.begin(browser(), out, name));
      talks.set(name, talk);
    }
    return talk;
  };
  const open = async (talk: Talk, files: Dropped) =>
    talk.ask({ type: 'open', record: 'x', choice: chosen(files) }, 'opened');
  const opened = async (talk: Talk, files: Dropped): Promise<Said<'opened'>> => {
    const answer = await open(talk, files);
    if (answer.type === 'problem') throw new Error(answer.message);
    return answer;
  };

  describe('of numbers, the same as Node’s', () => {
    const x = [{ name: 'x', type: { meaning: 'tensor' as const, shape: [3] } }];
    const values = numbers(20, 3);
    const rows = Array.from({ length: 20 }, (_, i) => [...values.subarray(3 * i, 3 * i + 3)].join(','));
    const npy = writeNpy([20, 3], values);
    test.each<[string, Dropped]>([
      ['CSV', { 'points.csv': text(`a,b,c\n${rows.join('\n')}\n`) }],
      [
        'CSV with an index, semicolons and a mark',
        {
          'points.csv': text(
            `\ufeff;x0;x1;x2\r\n${rows.map((r, i) => `${i};${r.replaceAll(',', ';')}`).join('\r\n')}`,
          ),
        },
      ],
      ['NPY', { 'points.npy': npy }],
      ['NPY, packed', { 'points.npy.gz': gzipSync(npy) }],
      ['NPZ, compressed', { 'points.npz': zip('x.npy', npy) }],
    ])('%s', async (_, files) => {
      const talk = await talkTo('points', points);
      const theirs = await inNode(folder, files, Object.keys(files)[0]!, x, { count: 20 });
      const ours = await opened(talk, files);
      expect(ours.count).toBe(20);
      expect([...ours.fields[0]!.values]).toEqual([...theirs.values[0]!]);
      expect([...ours.fields[0]!.values]).toEqual([...values]);
    });

    test('a run trains on them', async () => {
      const talk = await talkTo('points', points);
      const entries = await talk.train({ data: { x: chosen({ 'points.npy': npy }) } });
      expect(entries.map((e) => e.step)).toEqual([1, 2]);
    });
  });

  describe('pictures in folders', () => {
    const fields = [
      { name: 'x', type: { meaning: 'image' as const, shape: [8, 6, 3] } },
      { name: 'y', type: { meaning: 'label' as const, shape: [2] } },
    ];
    const shade = (x: number, y: number, c: number) => (40 * x + 17 * y + 80 * c) % 256;

    test('of the right size: the same bytes, and sub-folders as classes', async () => {
      const talk = await talkTo('pictures', pictures);
      const clear = await png(6, 8, (x, y, c) => (c === 3 ? (x === 0 ? 0 : 255) : shade(x, y, c)), 4);
      const files = {
        'pets/cats/a.png': await png(6, 8, shade),
        'pets/cats/b.png': clear,
        'pets/dogs/c.png': await png(6, 8, (x, y) => 255 - shade(x, y, 0)),
      };
      const theirs = await inNode(folder, files, 'pets', fields, { count: 3 });
      const ours = await opened(talk, files);
      expect(ours.count).toBe(3);
      expect(ours.fields.map((f) => [...f.values])).toEqual(theirs.values.map((v) => [...v]));
      expect([...ours.fields[1]!.values]).toEqual([1, 0, 1, 0, 0, 1]);
    });

    test('grey is the luma of a colour, the same byte as Node’s', async () => {
      const talk = await talkTo('grey', grey);
      const colours = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 255, 255],
      ];
      const file = await png(28, 28, (x, y, c) => (y === 0 && x < 4 ? colours[x]![c]! : shade(x, y, c)));
      const files = { 'grey/a.png': file, 'grey/b.png': file };
      const type = { meaning: 'image' as const, shape: [28, 28, 1] };
      const theirs = await inNode(folder, files, 'grey', [{ name: 'x', type }], { count: 1 });
      const ours = (await opened(talk, files)).fields[0]!.values.slice(0, 784);
      expect([...ours]).toEqual([...theirs.values[0]!]);
      expect([...ours.slice(0, 4)].map((v) => Math.round((v + 1) * 127.5))).toEqual([76, 150, 29, 255]);
    });

    test('others are cropped and scaled as by Node, to a few levels', async () => {
      const talk = await talkTo('pictures', pictures);
      const smooth = (x: number, y: number, c: number) =>
        Math.round(127 + 120 * Math.sin((x + 2 * y) / 9 + c));
      const veil = (x: number, y: number, c: number) => (c === 3 ? (x * 7) % 256 : smooth(x, y, c));
      const files = {
        'wide/one/larger.png': await png(90, 40, smooth),
        'wide/one/veiled.png': await png(17, 13, veil, 4),
        'wide/two/smaller.png': await png(5, 4, smooth),
        'wide/two/taller.png': await png(30, 80, smooth),
      };
      const theirs = await inNode(folder, files, 'wide', fields, { count: 4 });
      const ours = await opened(talk, files);
      const gaps = ours.fields[0]!.values.map((v, i) => Math.abs(v - theirs.values[0]![i]!) * 127.5);
      for (let picture = 0; picture < 4; picture++) {
        const of = gaps.subarray(144 * picture, 144 * (picture + 1));
        expect(of.reduce((a, b) => a + b, 0) / of.length, `picture ${picture}`).toBeLessThan(2);
        expect(Math.max(...of), `picture ${picture}`).toBeLessThan(12);
      }
    });

    test('a damaged one is left out and named', async () => {
      const talk = await talkTo('pictures', pictures);
      talk.forget();
      const whole = await png(6, 8, shade);
      const files = { 'd/a/1.png': whole, 'd/a/2.png': text('no picture'), 'd/b/3.png': whole };
      const ours = await opened(talk, files);
      expect(ours.count).toBe(2);
      expect(ours.facts.skipped.map((s) => s.what)).toEqual(['d/a/2.png']);
      expect(ours.facts.classes).toEqual([
        { name: 'a', count: 1 },
        { name: 'b', count: 1 },
      ]);
    });
  });

  test('sounds', async () => {
    const talk = await talkTo('sounds', sounds);
    const wave = Array.from({ length: 250 }, (_, i) => Math.sin(i / 5) * 0.9);
    const files = { 'a.wav': wav(wave) };
    const fields = [{ name: 'x', type: { meaning: 'sound' as const, shape: [100] } }];
    const theirs = await inNode(folder, files, 'a.wav', fields, { count: 2 });
    const ours = await opened(talk, files);
    expect(ours.count).toBe(2);
    expect([...ours.fields[0]!.values]).toEqual([...theirs.values[0]!]);
  });

  test('sounds of other rates are resampled as by Node', async () => {
    const talk = await talkTo('sounds', sounds);
    const at = (rate: number) =>
      encodeWav(
        {
          count: 1,
          shape: [rate / 10, 1],
          values: Float32Array.from(
            { length: rate / 10 },
            (_, t) => 0.5 * Math.sin((2 * Math.PI * 440 * t) / rate),
          ),
        },
        rate,
      );
    const files = { 'w/a.wav': at(8000), 'w/b.wav': at(8000), 'w/c.wav': at(44100) };
    const fields = [{ name: 'x', type: { meaning: 'sound' as const, shape: [100] } }];
    const theirs = await inNode(folder, files, 'w', fields, { count: 24 });
    const ours = await opened(talk, files);
    expect(ours.count).toBe(24);
    expect(ours.facts.sound).toMatchObject({ rate: 8000, files: 3 });
    expect(ours.facts.notices).toEqual([
      { message: '1 of 3 files is resampled from 44100 Hz to 8000 Hz', hint: null },
    ]);
    const shown = ours.fields[0]!.values;
    expect([...shown]).toEqual([...theirs.values[0]!.subarray(0, shown.length)]);
  });

  test('two folders are joined by the names of their files', async () => {
    const talk = await talkTo('pairs', pairs);
    const grey = (level: number) => png(4, 4, () => level);
    const ours = await opened(talk, {
      'A/0.png': await grey(0),
      'A/1.png': await grey(51),
      'A/10.png': await grey(255),
      'B/00.png': await grey(0),
      'B/01.png': await grey(51),
      'B/10.png': await grey(255),
    });
    expect(ours.count).toBe(3);
    expect([...ours.fields[0]!.values]).toEqual([...ours.fields[1]!.values]);
    const less = await opened(talk, {
      'A/0.png': await grey(0),
      'A/1.png': await grey(51),
      'B/1.png': await grey(51),
    });
    expect(less.count).toBe(1);
    expect(less.facts.skipped).toEqual([{ what: '0', why: 'not in your files/B' }]);
  });

  describe('the set that comes along', () => {
    test('is what Node reads', async () => {
      const talk = await talkTo('grey', grey);
      const data = join(root, 'models/data');
      const fields = [{ name: 'x', type: { meaning: 'image' as const, shape: [28, 28, 1] } }];
      const theirs = await (await openSource('fashion', fields, { directory: data, dataDirs: [data] })).read(
        Int32Array.from({ length: 64 }, (_, i) => i),
      );
      const ours = await talk.ask(
        { type: 'open', record: 'x', choice: { kind: 'built-in', name: 'fashion' } },
        'opened',
      );
      if (ours.type === 'problem') throw new Error(ours.message);
      expect([...ours.fields[0]!.values]).toEqual([...theirs[0]!]);
      expect((await talk.hears('ready')).model.data[0]).toMatchObject({
        from: 'fashion',
        builtIn: ['fashion'],
      });
    });

    test('IDX files of one’s own', async () => {
      const talk = await talkTo('grey', grey);
      const all = gunzipSync(await readFile(join(root, 'models/data/fashion-images-idx3-ubyte.gz')));
      const images = Buffer.from(all.subarray(0, 16 + 70 * 784));
      images.writeUInt32BE(70, 4);
      const ours = await opened(talk, {
        'my-images-idx3-ubyte.gz': gzipSync(images),
        'my-labels-idx1-ubyte': Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 70, ...new Array(70).fill(3)),
      });
      expect(ours.origin).toBe('your files/my-images-idx3-ubyte.gz');
      expect(ours.count).toBe(70);
      expect(ours.fields[0]!.values[400]).toBeCloseTo(all[416]! / 127.5 - 1, 6);
    });
  });

  describe('the wrong ones: words with a way out, and nothing is lost', () => {
    test.each<[string, Dropped, RegExp]>([
      ['nothing', {}, /no files were given for `x`/],
      ['an empty file', { 'a.csv': text('') }, /a\.csv is empty/],
      ['too few columns', { 'a.csv': text('1,2\n3,4\n') }, /a\.csv has 2 columns, but x: \[3\] needs 3/],
      ['words', { 'a.csv': text('1,2,3\n4,five,6\n') }, /a\.csv, row 2, column 2: "five" is not a number/],
      [
        'another kind',
        { 'a.pdf': Uint8Array.of(37, 80, 68, 70, 0, 1, 2) },
        /a\.pdf is of no kind that is read here/,
      ],
      [
        'another shape',
        { 'a.npy': writeNpy([4, 5], numbers(4, 5)) },
        /declared \[3\], but a\.npy holds examples of \[5\]/,
      ],
      [
        'cut off',
        { 'a.npy': writeNpy([4, 3], numbers(4, 3)).slice(0, 150) },
        /a\.npy says it holds 4×3 numbers/,
      ],
      [
        'damaged',
        { 'a.npy.gz': gzipSync(writeNpy([4, 3], numbers(4, 3))).subarray(0, 60) },
        /a\.npy\.gz cannot be unpacked/,
      ],
      [
        'one picture',
        { 'a.png': Uint8Array.of(137, 80, 78, 71, 1, 2, 3) },
        /a\.png is one picture; a source of pictures is a folder/,
      ],
      ['a folder of something', { 'd/a.txt': text('a'), 'd/b.txt': text('b') }, /d holds no pictures/],
      [
        'too few examples',
        { 'a.npy': writeNpy([1, 3], numbers(1, 3)) },
        /a batch of 2 is larger than `x`'s data/,
      ],
    ])('%s', async (_, files, words) => {
      const talk = await talkTo('points', points);
      talk.forget();
      await talk.send({
        type: 'start',
        settings: { backend: 'wasm', seed: 0, data: { x: chosen(files) }, keep: false },
      });
      const problem = await talk.hears('problem');
      expect(problem.message).toMatch(words);
      expect(problem.message).not.toContain('internal');
      expect(problem.ends).toBe('run');
      await talk.hears('state', ({ state }) => state === 'idle' || state === 'failed');
    });

    test('no data chosen, and data that a page does not have', async () => {
      const talk = await talkTo('points', points);
      await expect(talk.train({})).rejects.toThrow(/`x` has no data yet/);
      const away = await talkTo('away', points.replace('x ~ [3]', 'x ~ [3] from "there/points.csv"'));
      expect((await away.hears('ready')).model.data[0]).toMatchObject({
        from: 'there/points.csv',
        builtIn: [],
      });
      await expect(away.train({})).rejects.toThrow(
        /`x` comes from \\"there\/points.csv\\", which a page cannot read/,
      );
    });

    test('a checkpoint of a run on other data', async () => {
      const talk = await talkTo('points', points);
      const with20 = chosen({ 'a.npy': writeNpy([20, 3], numbers(20, 3)) });
      await talk.train({ data: { x: with20 } });
      const saved = await talk.ask({ type: 'checkpoint' }, 'checkpoint');
      if (saved.type === 'problem') throw new Error(saved.message);
      talk.forget();
      const data = { x: chosen({ 'b.npy': writeNpy([9, 3], numbers(9, 3)) }) };
      await talk.send({
        type: 'start',
        settings: { backend: 'wasm', seed: 0, data, checkpoint: saved, keep: false },
      });
      expect(await talk.hears('problem')).toMatchObject({
        about: 'checkpoint',
        message: '`x` had 20 examples when the run was left; b.npy holds 9',
        hint: 'choose the data that it was trained on',
      });
    });

    test('pictures where sound is declared', async () => {
      const talk = await talkTo('sounds', sounds);
      const picture = await png(6, 8, () => 1);
      const answer = await open(talk, { 'd/a.png': picture, 'd/b.png': picture });
      expect(answer).toMatchObject({ type: 'problem', about: 'data', ends: 'nothing' });
      expect((answer as Said<'problem'>).message).toMatch(
        /d holds pictures, but `x` is declared sound\[100, 1\]/,
      );
    });
  });
});
