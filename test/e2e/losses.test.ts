/**
 * The zoo's losses on plain JavaScript are what they were, bit for bit. `losses.json` was written when these models stood
 * beside PyTorch and agreed. A change here is a change of what people train: mend it, or say why it is right and write the
 * file anew (GANC_WRITE=1).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, run, scratch } from './command.ts';

interface Case {
  set: string[];
  /** The file's shapes hold the number of examples: `set` gives it. */
  fixed?: boolean;
  losses: Record<string, number>[];
}

const file = path.join(import.meta.dirname, 'losses.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Case>;
const folder = scratch();

test.each(Object.entries(cases))('%s', async (name, known) => {
  const out = path.join(folder, name);
  const settings = known.set.flatMap((text) => ['--set', text]);
  const batch = known.fixed ? [] : ['--batch', '8'];
  const small = ['--steps', '3', ...batch, '--seed', '3', '--backend', 'cpu'];
  const model = path.join(root, 'models', `${name}.gan`);
  const { code, stderr } = await run(['train', model, ...settings, ...small, '--out', out]);
  expect(code, stderr).toBe(0);
  const lines = readFileSync(path.join(out, 'log.jsonl'), 'utf8').trim().split('\n');
  const losses = lines.map((line) => {
    const { step: _s, phase: _p, phaseStep: _n, epoch: _e, ms: _m, ...values } = JSON.parse(line);
    return values as Record<string, number>;
  });
  if (process.env.GANC_WRITE) {
    known.losses = losses;
    writeFileSync(file, `${JSON.stringify(cases, null, 2)}\n`);
  }
  expect(losses).toEqual(known.losses);
});
