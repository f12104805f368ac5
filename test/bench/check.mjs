/**
 * How long `ganc check` takes: its own time beside Node's start on every model, and its growth up to 10,000 layers.
 *
 *   npm run build && npm run bench:check
 *
 * Aims: under 150 ms on each model, and a time for each layer that does not grow with their number.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const ganc = path.join(root, 'dist/ganc.js');
const folder = mkdtempSync(path.join(tmpdir(), 'ganc-bench-'));

function time(args) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return ms;
}

function median(times, run) {
  const all = Array.from({ length: times }, run).sort((a, b) => a - b);
  return all[Math.floor(all.length / 2)];
}

/** A generator of so many layers, and all that a file needs around it. */
function deep(layers) {
  const stages = Array.from({ length: layers }, (_, i) => (i % 2 ? '  |> relu' : '  |> dense(8)'));
  return `data x ~ [8]
noise z ~ normal[8]
net G(z: [8]) -> [8] =
  z
${stages.join('\n')}
  |> dense(8)
net D(x: [8]) -> [1] = x |> dense(1)
let fake = G(z)
loss d = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g = expect(softplus(-D(fake)))
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d with adam(1e-3)
  update G to minimize g with adam(1e-3)
}
`;
}

try {
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}\n`);
  const empty = path.join(folder, 'empty.mjs');
  writeFileSync(empty, '');
  const start = median(11, () => time([empty]));
  console.log(`Node's own start  ${start.toFixed(0)} ms\n\nganc check, beside it, median of 11`);
  for (const name of readdirSync(path.join(root, 'models')).filter((n) => n.endsWith('.gan'))) {
    const ms = median(11, () => time([ganc, 'check', path.join('models', name)])) - start;
    console.log(`  ${name.padEnd(14)}${ms.toFixed(0).padStart(8)} ms`);
  }
  console.log('\nlayers      time    a layer');
  for (const layers of [10, 1000, 2000, 5000, 10_000]) {
    const file = path.join(folder, `deep-${layers}.gan`);
    writeFileSync(file, deep(layers));
    const ms = median(3, () => time([ganc, 'check', file])) - start;
    console.log(
      `${String(layers).padStart(6)}${ms.toFixed(0).padStart(7)} ms${((1000 * ms) / layers).toFixed(1).padStart(8)} µs`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
