/**
 * The benchmark: workloads W1–W5 by all contenders in one run. See test/bench/README.md.
 *
 *   npm run bench -- [--only w1,w2,limit,growth] [--python PATH] [--node PATH] [--steps N] [--quick] [--profile]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { contenders, nodeAt } from './contenders.ts';
import { growth } from './growth.ts';
import { prepare } from './inputs.ts';
import { limits } from './limit-run.ts';
import { measure } from './measure.ts';
import { profile } from './profile-run.ts';
import { workloadTable } from './tables.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    only: { type: 'string' },
    python: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
    steps: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
});
const known = ['w1', 'w2', 'w3', 'w4', 'w5', 'limit', 'growth'];
const only = options.only?.split(',') ?? known;
const unknown = only.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`--only takes ${known.join(', ')}; not ${unknown.join(', ')}`);
  process.exit(2);
}
const rounds = options.quick
  ? { steps: Math.min(Number(options.steps), 6), seconds: 3, waiting: 15 }
  : { steps: Number(options.steps), seconds: 30, waiting: 60 };

const built = path.resolve('node_modules/.cache/ganc-bench');
const folder = mkdtempSync(path.join(tmpdir(), 'ganc-bench-'));
try {
  const nodes = [process.execPath, ...options.node].map((command) => nodeAt(command, built));
  const list = contenders(nodes, options.python, built);
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node ${nodes.map((n) => n.version).join(' and ')}; ${new Date().toISOString().slice(0, 10)}\n`,
  );
  for (const name of only.filter((n) => /^w\d$/.test(n))) {
    const files = await prepare(name, {}, built, folder);
    if (options.profile) console.log(await profile(name, files, list, rounds));
    else console.log(workloadTable(name, await measure(name, files, list, rounds)));
  }
  if (!options.profile && only.includes('limit'))
    console.log(await limits(list, built, options.quick ? 5 : 15));
  if (!options.profile && only.includes('growth'))
    console.log(await growth(list, built, folder, options.quick));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
