/** Data as their declaration has them read, from the command line: windows, text and its samples, held-out parts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, scratch } from './command.ts';

const folder = scratch();
const here = { cwd: folder };
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const cpu = ['--backend', 'cpu'];

test('text is learnt, carried by the run, and printed', async () => {
  write('names.txt', 'anna\nhanna\nada\n');
  write(
    'names.gan',
    `data x ~ text[6, 5] from "names.txt"
net G() -> text[6, 5] = weight([6, 5]) |> softmax
loss l = -expect(sum(x * log(G() + 1e-6)))
output names = G()
train (batch = 3, steps = 200) { sample x  update G to minimize l with adam(0.1) }
`,
  );
  const trained = await run(['train', 'names.gan', ...cpu, '--out', 'run'], here);
  expect(trained.stderr).toContain('x: 3 lines from ');
  expect(trained.stderr).toContain('5 symbols: the end, then "adhn"');
  expect(trained.code).toBe(0);
  // The likeliest letter at each place: a|h|a, n|a|d, n|n|a, a|n|., .|a|., .|.|.
  const drawn = readFileSync(join(folder, 'run/samples/names-000200.txt'), 'utf8');
  expect(drawn).toMatch(/^a[nad][na]/);
  // The file is not needed any more: the checkpoint knows the symbols.
  write('names.txt', 'xyz\n');
  const sampled = await run(['sample', 'run', ...cpu], here);
  expect([sampled.stdout, sampled.code]).toEqual([drawn, 0]);
  await run(['sample', 'run', ...cpu, '-o', 'out.txt'], here);
  expect(readFileSync(join(folder, 'out.txt'), 'utf8')).toBe(drawn);
  const picture = await run(['sample', 'run', ...cpu, '--format', 'png'], here);
  expect([picture.code, picture.stderr]).toEqual([
    2,
    expect.stringContaining('text, of which there is no picture'),
  ]);
  write('names.txt', 'anna\nhanny\nada\n');
  const other = await run(['train', 'names.gan', ...cpu, '--from', 'run', '--steps', '201'], here);
  expect(other.code).toBe(1);
  expect(other.stderr).toMatch(/different characters|other characters/);
});

test('windows of a table are counted by ganc data, and a metric is held on a part that is not trained on', async () => {
  write(
    'wave.csv',
    `t,v\n${Array.from({ length: 60 }, (_, t) => `day ${t},${Math.sin(t / 3).toFixed(4)}`).join('\n')}\n`,
  );
  write(
    'wave.gan',
    `data x ~ [8] from "wave.csv" (stride = 1, fields = "v", part = [0, 0.8])
data held ~ [8] from "wave.csv" (stride = 1, fields = "v", part = [0.8, 1])
net E(x: [8]) -> [8] = x |> dense(2) |> dense(8)
loss l = expect(sum((E(x) - x) ^ 2))
metric on_held = expect(sum((E(held) - held) ^ 2))
train (batch = 4, steps = 300) { sample x, held  update E to minimize l with adam(0.02) }
`,
  );
  const looked = await run(['data', 'wave.gan', '--no-pictures', '--json'], here);
  const { records } = JSON.parse(looked.stdout);
  expect(records.map((r: { facts: { count: number } }) => r.facts.count)).toEqual([41, 5]);
  expect(records[0].facts.how).toEqual(['8 rows each, one at each row of 60, part 0 to 0.8 in time']);
  const trained = await run(['train', 'wave.gan', ...cpu, '--out', 'wave', '--json'], here);
  expect(trained.stderr).toContain('held: 5 windows from ');
  const steps = trained.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .flatMap((event) => (event.values?.on_held === undefined ? [] : [event.values.on_held]));
  // A sine lies in a plane, also where it was not seen.
  expect(steps.at(-1)).toBeLessThan(0.05 * steps[0]);
});
