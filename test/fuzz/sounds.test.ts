/**
 * WAV files that are truncated, spoilt, or lie about their lengths: the samples that are there, or words; never a hang,
 * never more than the file has. FUZZ_RUNS chooses how many, FUZZ_SEED which.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import wavefile from 'wavefile';
import { type Bytes, MemoryBytes } from '../../runtimes/core/sources/place.ts';
import { NotRead, readWave } from '../../runtimes/core/sources/wav.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 3000);
const seed = Number(process.env.FUZZ_SEED ?? 8);

/** One of each kind that is read, with the chunks that writers put around the samples. */
function wholeFiles(): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const bits of ['8', '16', '24', '32', '32f', '64', '8a', '8m', '4']) {
    for (const channels of bits === '4' ? [1] : [1, 2, 6]) {
      for (const container of ['RIFF', 'RIFX']) {
        const file = new wavefile.WaveFile();
        const track = Array.from({ length: 300 }, (_, t) => (t * 37) % 100);
        const compressed = bits === '8a' || bits === '8m' || bits === '4';
        const samples = channels === 1 ? track : Array.from({ length: channels }, () => track);
        file.fromScratch(channels, 8000, compressed ? '16' : bits, samples as number[], { container });
        if (bits === '8a') file.toALaw();
        if (bits === '8m') file.toMuLaw();
        if (bits === '4') file.toIMAADPCM();
        if (!compressed) {
          file.setTag('INAM', 'a name');
          file.setCuePoint({ position: 10, label: 'here' });
        }
        out.push(file.toBuffer());
      }
    }
  }
  return out;
}
const whole = wholeFiles();

/** Lengths and counts that have broken readers. */
const EXTREMES = [0, 1, 7, 8, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

const spoilt = fc
  .tuple(
    fc.nat(whole.length - 1),
    fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('cut' as const), at: fc.nat(2000) }),
        fc.record({ kind: fc.constant('byte' as const), at: fc.nat(2000), value: fc.nat(255) }),
        // The header is where it matters.
        fc.record({ kind: fc.constant('byte' as const), at: fc.nat(60), value: fc.nat(255) }),
        fc.record({
          kind: fc.constant('word' as const),
          at: fc.nat(120),
          value: fc.constantFrom(...EXTREMES),
        }),
        fc.record({ kind: fc.constant('insert' as const), at: fc.nat(80), value: fc.nat(40) }),
        fc.record({ kind: fc.constant('remove' as const), at: fc.nat(80), value: fc.nat(40) }),
        fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(80), value: fc.nat(40) }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([which, changes]) => {
    let bytes = Buffer.from(whole[which]!);
    for (const change of changes) {
      const at = Math.min(change.at, bytes.length);
      if (change.kind === 'cut') bytes = bytes.subarray(0, at);
      else if (change.kind === 'byte' && at < bytes.length) bytes[at] = change.value;
      else if (change.kind === 'word' && at + 4 <= bytes.length) bytes.writeUInt32LE(change.value, at);
      else if (change.kind === 'insert')
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(change.value, 0x41), bytes.subarray(at)]);
      else if (change.kind === 'remove')
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.value)]);
      else if (change.kind === 'repeat')
        bytes = Buffer.concat([bytes.subarray(0, at + change.value), bytes.subarray(at)]);
    }
    return Uint8Array.from(bytes);
  });

/** A file that counts what is read of it, and refuses to be read beyond its end. */
function counting(bytes: Uint8Array): { file: Bytes; read: () => number; calls: () => number } {
  const memory = new MemoryBytes('spoilt.wav', bytes);
  let [read, calls] = [0, 0];
  return {
    read: () => read,
    calls: () => calls,
    file: {
      path: memory.path,
      size: memory.size,
      close: async () => {},
      read(at, length) {
        if (at < 0 || length < 0 || at + length > bytes.length) throw new Error(`read ${length} at ${at}`);
        read += length;
        calls++;
        return memory.read(at, length);
      },
    },
  };
}

test(`${runs} spoilt WAV files`, async () => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(spoilt, async (bytes) => {
      const { file, read, calls } = counting(bytes);
      try {
        const wave = await readWave(file);
        expect(wave.frames).toBeGreaterThan(0);
        expect(wave.frames * wave.channels).toBeLessThanOrEqual(bytes.length);
        const head = read();
        const samples = await wave.read(file, 0, wave.frames);
        expect(samples).toHaveLength(wave.frames * wave.channels);
        expect(read() - head).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        if (!(error instanceof NotRead)) throw error;
        refused++;
      }
      expect(calls()).toBeLessThan(1100);
    }),
    { numRuns: runs, seed },
  );
  // Some are read and some are refused: the campaign meets both.
  expect(refused).toBeGreaterThan(runs / 100);
  expect(refused).toBeLessThan(runs);
});

test('a file that is cut off anywhere has the samples before the cut', async () => {
  for (const bytes of whole) {
    const full = await readWave(new MemoryBytes('w', bytes)).catch(() => null);
    if (full === null) continue;
    const all = await full.read(new MemoryBytes('w', bytes), 0, full.frames);
    for (let cut = 0; cut < bytes.length; cut += cut < 64 ? 1 : 211) {
      const file = new MemoryBytes('w', bytes.slice(0, cut));
      const wave = await readWave(file).catch((error) => error as Error);
      if (wave instanceof Error) {
        expect(wave).toBeInstanceOf(NotRead);
        continue;
      }
      const part = await wave.read(file, 0, wave.frames);
      expect(
        part.every((v, i) => v === all[i]),
        `cut at ${cut}`,
      ).toBe(true);
    }
  }
});
