/**
 * The benchmark: workloads W1–W5 by all contenders in one run. See test/bench/README.md.
 *
 *   npm run bench -- [--only w1,w2,limit,growth,operations] [--python PATH] [--node PATH] [--backend NAME] [--steps N] [--quick] [--profile] [--write]
 *   [--filter NAME] [--threads N]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { contenders, nodeAt } from './contenders.ts';
import { growth } from './growth.ts';
import { prepare } from './inputs.ts';
import { limits } from './limit-run.ts';
import { measure, type Result } from './measure.ts';
import { operations } from './operations/measure.ts';
import { profile } from './profile-run.ts';
import { aims, workloadTable } from './tables.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: {
    only: { type: 'string' },
    python: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
    steps: { type: 'string', default: '30' },
    /** Contenders on this tfjs backend alone. */
    backend: { type: 'string' },
    /** Of the operations: those whose names contain this; threads of all but tfjs. */
    filter: { type: 'string', default: '' },
    threads: { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    /** Puts what is measured into the README beside this file. */
    write: { type: 'boolean', default: false },
  },
});
const known = ['w1', 'w2', 'w2p', 'w3', 'w4', 'w5', 'limit', 'growth', 'operations'];
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
const said: string[] = [];
const say = (text: string) => {
  said.push(text);
  console.log(text);
};
try {
  const nodes = [process.execPath, ...options.node].map((command) => nodeAt(command, built));
  const { backend } = options;
  const list = contenders(nodes, options.python, built).filter((c) => !backend || c.backend === backend);
  if (list.length === 0) throw new Error(`Nobody here computes on ${backend}; ganc backends says why.`);
  const versions = nodes.map((n) => n.version).join(' and ');
  const date = new Date().toISOString().slice(0, 10);
  say(`${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node ${versions}; ${date}.`);
  say(`Load of the machine when it began: ${loadavg()[0]!.toFixed(1)} (0 is quiet).\n`);
  const measured: { workload: string; results: Result[] }[] = [];
  for (const name of only.filter((n) => /^w\d/.test(n))) {
    const files = await prepare(name, {}, built, folder);
    // Written by hand for PyTorch alone.
    const able = name === 'w2p' ? list.filter((c) => c.kind === 'ours' || c.kind === 'torch') : list;
    if (options.profile) say(await profile(name, files, able, rounds));
    else {
      const found = await measure(name, files, able, rounds);
      measured.push({ workload: name, results: found.results });
      say(workloadTable(name, found));
    }
  }
  if (measured.length > 0 && list.some((c) => c.build !== undefined)) say(aims(measured));
  if (!options.profile && only.includes('limit')) say(await limits(list, built, options.quick ? 5 : 15));
  if (!options.profile && only.includes('growth')) say(await growth(list, built, folder, options.quick));
  if (!options.profile && only.includes('operations')) {
    const turns = options.quick ? { turns: 3, milliseconds: 10 } : { turns: 7, milliseconds: 40 };
    const { python, filter } = options;
    const head = said.slice(0, 2);
    const text = await operations({
      built,
      folder,
      python,
      filter,
      threads: Number(options.threads),
      ...turns,
    });
    console.log(text);
    if (options.write) write('operations', [...head, text].join('\n'));
  }
  if (options.write && said.length > 2) write('measured', said.join('\n'));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Between the README's marks of this part; paths are nobody's business. */
function write(section: 'measured' | 'operations', text: string): void {
  const file = 'test/bench/README.md';
  const args = process.argv.slice(2).map((a) => (path.isAbsolute(a) ? `…/${path.basename(a)}` : a));
  const marks = new RegExp(`(<!-- ${section} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  const part = `\n    npm run bench -- ${args.join(' ')}\n\n${text}\n`;
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(marks, (_, begin, end) => begin + part + end),
  );
}
