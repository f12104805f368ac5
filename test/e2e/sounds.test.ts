/** Sound from folder to folder: the rate of the run is that of what it draws, and no one's file is lost. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeWav } from '../../runtimes/node/wav.ts';
import { ganc, run, scratch } from './command.ts';

const folder = scratch();
const model = join(folder, 'tone.gan');
writeFileSync(
  model,
  `data x ~ sound[64] from "tones-here"
noise z ~ normal[2]
net G(z: [2]) -> sound[64] = z |> dense(64) |> tanh |> reshape(64, 1)
let fake = G(z)
loss far = expect(sum((fake - x) ^ 2))
output samples = fake
train (batch = 4, steps = 2) { sample x, z  update G to minimize far with sgd(1e-3) }
`,
);
const tone = (rate: number, count = 64) =>
  encodeWav(
    { count: 1, shape: [count, 1], values: Float32Array.from({ length: count }, (_, t) => Math.sin(t / 3)) },
    rate,
  );
function sounds(name: string, rates: readonly number[]): string {
  mkdirSync(join(folder, name));
  for (const [i, rate] of rates.entries())
    writeFileSync(join(folder, name, `${i}.wav`), tone(rate, rate / 100));
  return join(folder, name);
}
const rateOf = (file: string) => readFileSync(file).readUInt32LE(24);
const train = (out: string, ...more: string[]) =>
  run(['train', model, '--backend', 'cpu', '--out', join(folder, out), ...more]);
const sample = (out: string, ...more: string[]) =>
  run(['sample', join(folder, out), '--backend', 'cpu', '--count', '4', ...more], { cwd: folder });

test('what is drawn has the rate of the run', async () => {
  sounds('tones-here', [8000, 8000, 8000, 8000, 16000]);
  const { stderr } = await train('eight');
  expect(stderr).toContain('x: 5 clips from ');
  expect(stderr).toContain('8,000 Hz, clips of 8 ms from 5 files of 10 ms');
  expect(stderr).toContain('note: 1 of 5 files is resampled from 16000 Hz to 8000 Hz');
  expect(rateOf(join(folder, 'eight/samples/samples-000002.wav'))).toBe(8000);
  expect((await sample('eight')).stdout).toBe('samples.png\nsamples.wav\n');
  expect(rateOf(join(folder, 'samples.wav'))).toBe(8000);
  await train('eleven', '--resample', '11025');
  await sample('eleven');
  expect(rateOf(join(folder, 'samples.wav'))).toBe(11025);
  // A run that goes on keeps it.
  expect((await train('eleven', '--from', join(folder, 'eleven'), '--steps', '3')).stderr).toContain(
    '11,025 Hz',
  );
});

test('a WAV beside the picture that someone else made is not replaced unasked', async () => {
  writeFileSync(join(folder, 'mine.wav'), 'my own');
  const { code, stderr } = await sample('eight', '-o', 'mine.png');
  expect(stderr).toContain('mine.wav would be replaced, and ganc did not write it');
  expect(code).toBe(2);
  expect(readFileSync(join(folder, 'mine.wav'), 'utf8')).toBe('my own');
  expect(existsSync(join(folder, 'mine.png'))).toBe(false);
  // Named, it is replaced, as a picture is; and then it is ours.
  expect((await sample('eight', '-o', 'mine.wav')).stdout).toBe('mine.wav\n');
  expect((await sample('eight', '-o', 'mine.png')).stdout).toBe('mine.png\nmine.wav\n');
});

test('hundreds of files with few handles', async () => {
  const many = sounds('many', new Array(300).fill(8000));
  const { status, stderr } = spawnSync(
    'bash',
    [
      '-c',
      'ulimit -n 64; exec "$@"',
      'bash',
      process.execPath,
      ganc,
      'train',
      model,
      '--data',
      `x=${many}`,
      '--batch',
      '256',
      '--backend',
      'cpu',
      '--out',
      join(folder, 'few'),
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toContain('x: 300 clips from ');
  expect(status).toBe(0);
});
