/** Sources and the plans that came of them: test/golden/plan/NAME.gan and NAME.plan, a pair to be read together. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { printGradients, printPlan } from '../../src/plan/print.ts';

const folder = join(import.meta.dirname, 'plan');

const models = join(import.meta.dirname, '../../models');

function planFor(name: string, from = folder) {
  const source = { path: name, text: readFileSync(join(from, name), 'utf8') };
  const { model, diagnostics, sources } = analyse({ source, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return planOf(model!, sources);
}

describe('plans', () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.gan'))) {
    it(name, async () => {
      const text = printPlan(planFor(name));
      await expect(text).toMatchFileSnapshot(join(folder, name.replace('.gan', '.plan')));
    });
  }
});

it('of a real one: models/dcgan.gan', async () => {
  const text = printPlan(planFor('dcgan.gan', models));
  await expect(text).toMatchFileSnapshot(join(folder, 'dcgan.plan'));
});

describe('gradients', () => {
  it('of a penalty', async () => {
    const text = printGradients(planFor('penalty.gan'));
    await expect(text).toMatchFileSnapshot(join(folder, 'penalty.grad'));
  });
});
