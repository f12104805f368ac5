/**
 * Plans against the text: a planned run has the losses, weights, statistics and averages of a run that evaluates every
 * update anew. And their lifetimes: each value is computed once, used, freed once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import type { Node } from '../../src/ir/graph.ts';
import { inOrder } from '../../src/ir/print.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import { verifyLifetimes } from '../../src/plan/verify.ts';
import { PlainTrainer } from './plain-trainer.ts';
import { ReferenceTrainer } from './reference-trainer.ts';
import { supply, withoutCalls } from './supply.ts';
import { tiny } from './tiny.ts';

const plans = join(import.meta.dirname, '../golden/plan');
const models = join(import.meta.dirname, '../../models');

const files = [plans, models].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.gan'))
    .map((name) => ({ name, path: join(folder, name) })),
);

function read(path: string, set: Record<string, string> = {}) {
  const source = { path, text: readFileSync(path, 'utf8') };
  const { model, sources, diagnostics } = analyse({ source, set, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return { model: model!, plan: planOf(model!, sources) };
}

describe('a plan changes nothing', () => {
  for (const { name, path } of files) {
    it(name, async () => {
      const { model, plan } = read(path, tiny[name]?.set);
      const planned = new ReferenceTrainer(plan, withoutCalls(supply(plan, 7)));
      const plain = new PlainTrainer(model, withoutCalls(supply(plan, 7)));
      for (const [i, phase] of plan.phases.entries()) {
        const batch = phase.fixedBatch ? phase.batch : (tiny[name]?.batch ?? 4);
        planned.begin({ ...phase, batch });
        plain.begin({ ...model.phases[i]!, batch });
        for (let step = 0; step < 3; step++) {
          const losses = await planned.step(step, { logging: step !== 1 });
          const plainly = await plain.step(step);
          const noted = phase.losses.filter((loss) => loss in losses);
          expect(noted.sort()).toEqual(Object.keys(plainly).sort());
          for (const loss of noted) expect(losses[loss]).toBeCloseTo(plainly[loss]!, 9);
        }
      }
      for (const [key, value] of Object.entries(plain.state.live)) same(planned.state.live[key]!, value, key);
      for (const [key, value] of Object.entries(plain.state.averages)) {
        same(planned.state.averages[key]!, value, key);
      }
    });
  }
});

describe('lifetimes', () => {
  for (const { name, path } of files) {
    it(name, () => {
      const { plan } = read(path);
      expect(verifyLifetimes(plan)).toEqual([]);
      for (const roots of rootsOf(plan)) expect(verify(inOrder(roots), operations)).toEqual([]);
    });
  }
});

function same(found: { data: Float64Array }, expected: { data: Float64Array }, what: string): void {
  found.data.forEach((x, i) => {
    const y = expected.data[i]!;
    // Adam makes steps of rounding errors, where a bias before a batch norm has gradient 0.
    if (Math.abs(x - y) > 1e-7 * Math.max(1, Math.abs(y))) {
      expect.fail(`${what}[${i}] is ${x} with the plan, ${y} without`);
    }
  });
}

function* rootsOf(plan: Plan): Generator<readonly Node[]> {
  const visit = (steps: readonly Step[]): Node[] =>
    steps.flatMap((step) => {
      if (step.kind === 'repeat' || step.kind === 'when') return visit(step.body);
      if (step.kind === 'fuse') return [...step.nodes];
      return step.kind === 'compute' ? [step.node] : [];
    });
  for (const { body } of plan.phases) yield visit(body);
  for (const { result } of plan.outputs) yield [result];
}
