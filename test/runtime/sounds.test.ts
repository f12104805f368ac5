/** WAV files of every kind: the right numbers or words, whatever their chunks claim; rates that differ; broken ones. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import wavefile from 'wavefile';
import { factLines } from '../../runtimes/core/run/facts.ts';
import { MemoryBytes } from '../../runtimes/core/sources/place.ts';
import { type NotRead, readWave } from '../../runtimes/core/sources/wav.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { encodeWav } from '../../runtimes/node/wav.ts';

const root = mkdtempSync(join(tmpdir(), 'ganc-sounds-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A chunk of a RIFF file; `claims` is the length that it says. */
function chunk(id: string, body: Uint8Array, claims = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(claims >>> 0, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}
interface Format {
  codec?: number;
  channels?: number;
  rate?: number;
  bits?: number;
  /** The extensible format: the codec stands in a GUID. */
  extensible?: boolean;
}
function fmt({ codec = 1, channels = 1, rate = 8000, bits = 16, extensible = false }: Format = {}): Buffer {
  const body = Buffer.alloc(extensible ? 40 : 16);
  const block = (channels * bits) / 8;
  body.writeUInt16LE(extensible ? 0xfffe : codec, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE((rate * block) % 2 ** 32, 8);
  body.writeUInt16LE(block, 12);
  body.writeUInt16LE(bits, 14);
  if (extensible) body.writeUInt16LE(codec, 24);
  return chunk('fmt ', body);
}
function riff(...chunks: Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.from('WAVE'), ...chunks]);
  return chunk('RIFF', body);
}
const shorts = (...values: number[]) => Buffer.from(new Int16Array(values).buffer);

async function samples(bytes: Uint8Array): Promise<number[]> {
  const file = new MemoryBytes('a.wav', bytes);
  const wave = await readWave(file);
  return [...(await wave.read(file, 0, wave.frames))];
}
const refused = (bytes: Uint8Array) => samples(bytes).then(String, (error) => (error as NotRead).message);

describe('the samples', () => {
  test.each<[string, number, Uint8Array, number[]]>([
    ['8 bits', 8, Uint8Array.of(0, 64, 128, 255), [-1, -0.5, 0, 127 / 128]],
    ['16 bits', 16, shorts(-32768, -16384, 0, 32767), [-1, -0.5, 0, 32767 / 32768]],
    [
      '24 bits',
      24,
      Uint8Array.of(0, 0, 0x80, 0, 0, 0xc0, 0, 0, 0, 0xff, 0xff, 0x7f),
      [-1, -0.5, 0, 1 - 2 ** -23],
    ],
    ['32 bits', 32, Buffer.from(new Int32Array([-(2 ** 31), 2 ** 30]).buffer), [-1, 0.5]],
  ])('%s, whole numbers', async (_, bits, body, expected) => {
    expect(await samples(riff(fmt({ bits }), chunk('data', body)))).toEqual(expected);
    expect(await samples(riff(fmt({ bits, extensible: true }), chunk('data', body)))).toEqual(expected);
  });

  test('32 and 64 bits, floating point', async () => {
    const values = [-1, 0.25, 1.5];
    const single = Buffer.from(new Float32Array(values).buffer);
    const double = Buffer.from(new Float64Array(values).buffer);
    expect(await samples(riff(fmt({ codec: 3, bits: 32 }), chunk('data', single)))).toEqual(values);
    expect(await samples(riff(fmt({ codec: 3, bits: 64 }), chunk('data', double)))).toEqual(values);
  });

  test.each([
    ['A-law', 6, 'fromALaw'],
    ['µ-law', 7, 'fromMuLaw'],
  ] as const)('%s, all 256 codes, as another decoder', async (_, codec, decode) => {
    const bytes = riff(
      fmt({ codec, bits: 8 }),
      chunk(
        'data',
        Uint8Array.from({ length: 256 }, (_, i) => i),
      ),
    );
    const other = new wavefile.WaveFile(bytes);
    other[decode]();
    const theirs = [...(other.getSamples(false, Int16Array as never) as unknown as Int16Array)];
    expect(await samples(bytes)).toEqual(theirs.map((v) => v / 32768));
    // ITU-T G.711: the loudest are 32256 (A-law) and 32124 (µ-law).
    expect(Math.max(...theirs)).toBe(codec === 6 ? 32256 : 32124);
  });

  test('big-endian, as another writer writes it', async () => {
    for (const bits of ['16', '24', '32', '32f', '64']) {
      const other = new wavefile.WaveFile();
      const values = bits === '32f' || bits === '64' ? [0.5, -0.25] : [1 << 14, -(1 << 13)];
      other.fromScratch(1, 8000, bits, values, { container: 'RIFX' });
      const scale = bits === '32f' || bits === '64' ? 1 : 2 ** (Number(bits) - 1);
      expect(await samples(other.toBuffer())).toEqual(values.map((v) => v / scale));
    }
  });

  test('what is written is read', async () => {
    const values = new Float32Array([-1, -0.5, 0, 0.5, 32767 / 32768, 1]);
    const bytes = encodeWav({ count: 1, shape: [6, 1], values }, 8000);
    expect(await samples(bytes)).toEqual([-1, -0.5, 0, 0.5, 32767 / 32768, 32767 / 32768]);
  });

  test('only the frames that are asked for are read', async () => {
    const body = shorts(...Array.from({ length: 1000 }, (_, i) => i));
    const bytes = riff(fmt(), chunk('data', body));
    const read: [number, number][] = [];
    const memory = new MemoryBytes('a.wav', bytes);
    const file = {
      path: 'a.wav',
      size: memory.size,
      close: async () => {},
      read: (at: number, length: number) => {
        read.push([at, length]);
        return memory.read(at, length);
      },
    };
    const wave = await readWave(file);
    read.length = 0;
    const part = await wave.read(file, 998, 4);
    expect([...part].map((v) => v * 32768)).toEqual([998, 999, 0, 0]);
    expect(read).toEqual([[44 + 2 * 998, 4]]);
  });
});

describe('what chunks claim', () => {
  const data = chunk('data', shorts(1, 2, 3));
  const thrice = [1, 2, 3].map((v) => v / 32768);
  /** A sampler's loops and a list of cue points, each with 2³¹ − 1 entries. */
  const smpl = Buffer.alloc(36 + 24);
  smpl.writeUInt32LE(0x7fffffff, 28);
  const cue = Buffer.alloc(4 + 24);
  cue.writeUInt32LE(0x7fffffff, 0);

  test('billions of loops or cues are not believed', async () => {
    expect(await samples(riff(fmt(), chunk('smpl', smpl), chunk('cue ', cue), data))).toEqual(thrice);
    expect(await samples(riff(fmt(), data, chunk('smpl', smpl), chunk('cue ', cue)))).toEqual(thrice);
  });

  test('more samples than there are: those that there are', async () => {
    const file = new MemoryBytes('a.wav', riff(fmt(), chunk('data', shorts(1, 2, 3), 2 ** 30)));
    const wave = await readWave(file);
    expect([wave.frames, wave.cutOff]).toEqual([3, true]);
    const stream = new MemoryBytes('a.wav', riff(fmt(), chunk('data', shorts(1, 2, 3), 0xffffffff)));
    expect((await readWave(stream)).cutOff).toBe(false);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', Buffer.alloc(0), /no WAV file/],
    ['no chunk', riff(), /no samples/],
    ['no format', riff(data), /samples come before its format/],
    ['no samples', riff(fmt(), chunk('data', new Uint8Array())), /no samples/],
    ['a chunk beyond the end', riff(fmt(), chunk('LIST', new Uint8Array(4), 2 ** 31)), /no samples/],
    ['chunks without end', riff(fmt(), Buffer.alloc(100_000)), /no samples/],
    ['no channel', riff(fmt({ channels: 0 }), data), /0 channels/],
    ['thousands of channels', riff(fmt({ channels: 4000 }), data), /4000 channels/],
    ['no rate', riff(fmt({ rate: 0 }), data), /0 samples a second/],
    ['a rate of billions', riff(fmt({ rate: 4e9 }), data), /4000000000 samples a second/],
    ['12 bits', riff(fmt({ bits: 12 }), data), /12 bits and 1 bytes a sample/],
    ['half precision', riff(fmt({ codec: 3, bits: 16 }), data), /16 bits/],
    ['MP3', riff(fmt({ codec: 85, bits: 8 }), data), /holds MP3.*ffmpeg -i a\.wav -c:a pcm_s16le a-pcm\.wav/],
    ['MP3, extensible', riff(fmt({ codec: 85, bits: 8, extensible: true }), data), /holds MP3/],
    ['ADPCM', riff(fmt({ codec: 17, bits: 8 }), data), /IMA ADPCM/],
    ['another codec', riff(fmt({ codec: 4711, bits: 8 }), data), /number 4711/],
    ['an MP3 that is named .wav', Buffer.from('ID3\x04\0\0\0\0\0\0\0\0\0\0', 'latin1'), /an MP3 file/],
    ['a FLAC that is named .wav', Buffer.from('fLaC\0\0\0\x22abcdefgh', 'latin1'), /a FLAC file/],
  ])('%s', async (_, bytes, words) => {
    expect(await refused(bytes)).toMatch(words);
  });
});

describe('folders', () => {
  const sound = (length: number, channels = 1) => ({
    name: 'x',
    type: { meaning: 'sound' as const, shape: [length, channels] },
  });
  const sine = (hertz: number, rate: number, seconds: number) =>
    shorts(
      ...Array.from({ length: rate * seconds }, (_, t) =>
        Math.round(16384 * Math.sin((2 * Math.PI * hertz * t) / rate)),
      ),
    );
  const put = (path: string, bytes: Uint8Array) => {
    const file = join(root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, bytes);
  };
  const open = (path: string, length: number, options = {}) =>
    openSource(join(root, path), [sound(length)], { directory: root, ...options });
  /** The largest difference from a sine of this frequency, away from the ends. */
  const gap = (values: Float32Array, hertz: number, rate: number, from = 0) =>
    values.reduce(
      (most, v, t) =>
        t < 0.1 * values.length || t > 0.9 * values.length
          ? most
          : Math.max(most, Math.abs(v - 0.5 * Math.sin((2 * Math.PI * hertz * (from + t)) / rate))),
      0,
    );

  test('rates that differ: the commonest, or the one that is asked for', async () => {
    put('rates/a.wav', riff(fmt({ rate: 16000 }), chunk('data', sine(440, 16000, 1))));
    put('rates/b.wav', riff(fmt({ rate: 16000 }), chunk('data', sine(440, 16000, 1))));
    put('rates/c.wav', riff(fmt({ rate: 44100 }), chunk('data', sine(440, 44100, 1))));
    put('rates/d.wav', riff(fmt({ rate: 8000 }), chunk('data', sine(440, 8000, 1))));
    const common = await open('rates', 4000);
    expect([common.sampleRate, common.count]).toEqual([16000, 16]);
    const [values] = await common.read(Int32Array.from({ length: 16 }, (_, i) => i));
    // Every clip of every file is the sine where it stands.
    for (let i = 0; i < 16; i++) {
      expect(
        gap(values!.subarray(4000 * i, 4000 * (i + 1)), 440, 16000, 4000 * (i % 4)),
        `clip ${i}`,
      ).toBeLessThan(3e-4);
    }
    expect(common.facts!.notices[0]).toEqual({
      message: '2 of 4 files are resampled from 8000 Hz, 44100 Hz to 16000 Hz',
      hint: '--resample RATE chooses another rate',
    });
    const wished = await open('rates', 22050, { resample: 22050 });
    expect([wished.sampleRate, wished.count]).toEqual([22050, 4]);
    const [all] = await wished.read([0, 1, 2, 3]);
    for (let i = 0; i < 4; i++)
      expect(gap(all!.subarray(22050 * i, 22050 * (i + 1)), 440, 22050)).toBeLessThan(3e-4);
  });

  test('what is above half the new rate is filtered out', async () => {
    put('high/a.wav', riff(fmt({ rate: 48000 }), chunk('data', sine(10_000, 48000, 1))));
    const [values] = await (await open('high', 8000, { resample: 8000 })).read([0]);
    expect(Math.max(...values!.subarray(800, 7200).map(Math.abs))).toBeLessThan(1e-4);
  });

  test('stereo that is resampled keeps its channels apart', async () => {
    const body = shorts(...Array.from({ length: 2 * 16000 }, (_, i) => (i % 2 === 0 ? 8192 : -16384)));
    put('stereo/a.wav', riff(fmt({ rate: 16000, channels: 2 }), chunk('data', body)));
    const dataset = await openSource(join(root, 'stereo'), [sound(4000, 2)], {
      directory: root,
      resample: 8000,
    });
    const [values] = await dataset.read([0]);
    expect(values![4000]).toBeCloseTo(0.25, 4);
    expect(values![4001]).toBeCloseTo(-0.5, 4);
  });

  // 24 channels, of which the common rate of samples makes windows long; more channels than the library takes at once.
  test.each([
    [24, 44_100, 16_001, 1.5],
    [200, 8000, 4000, 0.25],
  ])('%i channels of %i samples a second at %i', async (channels, from, to, seconds) => {
    const hertz = (c: number) => 100 + 5 * c;
    const frames = from * seconds;
    const body = Array.from({ length: frames * channels }, (_, i) =>
      Math.round(16384 * Math.sin((2 * Math.PI * hertz(i % channels) * Math.floor(i / channels)) / from)),
    );
    const data = chunk('data', Buffer.from(Int16Array.from(body).buffer));
    put(`many${channels}/a.wav`, riff(fmt({ rate: from, channels }), data));
    const length = Math.floor(to * seconds);
    const dataset = await openSource(join(root, `many${channels}`), [sound(length, channels)], {
      directory: root,
      resample: to,
    });
    const [values] = await dataset.read([0]);
    for (const c of [0, 1, channels - 1]) {
      const one = Float32Array.from({ length }, (_, t) => values![t * channels + c]!);
      expect(gap(one, hertz(c), to), `channel ${c}`).toBeLessThan(3e-4);
    }
  });

  test('a rate that cannot be reached is refused', async () => {
    put('slow/a.wav', riff(fmt({ rate: 8000 }), chunk('data', shorts(1, 2, 3))));
    await expect(open('slow', 2, { resample: 10 })).rejects.toThrow('cannot be resampled to 10');
  });

  test('broken ones are left out and named, up to a limit', async () => {
    const whole = riff(fmt(), chunk('data', shorts(8192, 8192)));
    for (let i = 0; i < 5; i++) put(`some/${i}.wav`, whole);
    put('some/a.wav', riff(fmt({ codec: 85, bits: 8 }), chunk('data', shorts(1))));
    put('some/b.wav', Buffer.from('no sound'));
    put(
      'some/c.wav',
      riff(fmt({ codec: 3, bits: 32 }), chunk('data', Buffer.from(new Float32Array([Number.NaN]).buffer))),
    );
    const dataset = await open('some', 2);
    expect(dataset.count).toBe(5);
    expect([...(await dataset.read([0, 4]))[0]!]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(dataset.facts!.skipped.map(({ what, why }) => [what.slice(-5), why.split(',')[0]])).toEqual([
      ['a.wav', 'it holds MP3'],
      ['b.wav', 'it is no WAV file'],
      ['c.wav', 'it holds NaN'],
    ]);
    expect(factLines(['x'], { ...dataset.facts!, origin: 'some' })[0]).toBe(
      'x: 5 clips from some; 8,000 Hz, clips of 0 ms from 6 files of 0 ms',
    );
    for (let i = 0; i < 12; i++) put(`some/no${i}.wav`, Buffer.from('no'));
    await expect(open('some', 2)).rejects.toThrow(/of some|cannot be read \(at most 10 are skipped\)/);
    put('none/a.wav', Buffer.from('no'));
    put('none/b.wav', Buffer.from('no'));
    await expect(open('none', 2)).rejects.toThrow(/none of the 2 WAV files .*a\.wav: it is no WAV file/);
    await expect(open('none/a.wav', 2)).rejects.toThrow(
      /a\.wav is not a WAV file that can be read: it is no WAV/,
    );
  });

  test('pairs of sounds go clip by clip', async () => {
    put('p/dry/1.wav', riff(fmt(), chunk('data', shorts(1, 2, 3, 4))));
    put('p/dry/2.wav', riff(fmt(), chunk('data', shorts(5, 6))));
    put('p/wet/1.wav', riff(fmt(), chunk('data', shorts(10, 20, 30, 40))));
    put('p/wet/3.wav', riff(fmt(), chunk('data', shorts(7, 8))));
    const record = [
      { ...sound(2), name: 'dry' },
      { ...sound(2), name: 'wet' },
    ];
    const dataset = await openSource(join(root, 'p'), record, { directory: root });
    const [dry, wet] = await dataset.read([0, 1]);
    expect([...dry!].map((v) => v * 32768)).toEqual([1, 2, 3, 4]);
    expect([...wet!].map((v) => v * 32768)).toEqual([10, 20, 30, 40]);
    expect(dataset.facts!.skipped.map((s) => s.what)).toEqual(['2', '3']);
  });

  test('sounds of other kinds are answered with the line that unpacks them', async () => {
    put('other/song.mp3', Buffer.from('ID3'));
    await expect(open('other', 2)).rejects.toMatchObject({
      message: expect.stringContaining('song.mp3'),
      hint: 'sounds are WAV files: ffmpeg -i song.mp3 -c:a pcm_s16le song-pcm.wav',
    });
    await expect(open('other/song.mp3', 2)).rejects.toThrow('sound of a kind that is not read');
    // Beside WAV files each is skipped by name.
    put('mixed/a.wav', riff(fmt(), chunk('data', shorts(1, 2))));
    put('mixed/b.flac', Buffer.from('fLaC'));
    const { facts } = await open('mixed', 2);
    expect(facts!.skipped.map((s) => s.why)).toEqual([
      'a FLAC: convert it to WAV: ffmpeg -i b.flac -c:a pcm_s16le b-pcm.wav',
    ]);
  });
});
