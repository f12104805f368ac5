/**
 * The zoo, and small files with every kind of schedule: the first twenty steps of each phase on every backend agree with
 * float64.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, it } from 'vitest';
import { backends, start } from '../backends/execute.ts';
import { tiny } from '../oracle/tiny.ts';
import { agreesWithFloat64, type Case } from './against-float64.ts';

const models = join(import.meta.dirname, '../../models');
const plans = join(import.meta.dirname, '../golden/plan');

const cases: readonly (readonly [string, Case])[] = [
  ...Object.entries(tiny).map(([name, size]) => [name, { path: join(models, name), ...size }] as const),
  ...readdirSync(plans)
    .filter((name) => name.endsWith('.gan'))
    .map((name) => [`plan/${name}`, { path: join(plans, name), batch: 8 }] as const),
];

describe.each(backends())('on %s', (backend) => {
  beforeAll(() => start(backend));

  it.each(cases)('%s', async (_, given) => {
    await agreesWithFloat64(given);
  });
});
