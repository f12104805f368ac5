/// <reference types="vite/types/importMeta.d.ts" />
/** The table of operations as a whole: nothing said twice, nothing left out, every record complete. */
import { describe, expect, test } from 'vitest';
import { isProblem } from '../../src/diagnostics/table.ts';
import type { OpNode } from '../../src/ir/graph.ts';
import { sameShape } from '../../src/ir/ndarray.ts';
import type { Operation } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { allSamples, BATCH, makeCase } from '../gradients/cases.ts';

const isRecord = (x: unknown): boolean =>
  typeof x === 'object' && x !== null && 'samples' in x && 'shape' in x && 'doc' in x;

/** What the files of src/ops export as families: objects of records. */
const families = Object.entries(import.meta.glob<object>('../../src/ops/*.ts', { eager: true }))
  .filter(([path]) => !path.endsWith('/table.ts'))
  .flatMap(([, module]) => Object.values(module))
  .filter(
    (x: unknown): x is object => typeof x === 'object' && x !== null && Object.values(x).some(isRecord),
  );

const records = Object.entries(operations as Record<string, Operation>);

/** What the language's reference lists as operations that users write, besides `grad`. */
const written = `
  dense conv conv_transpose batch_norm layer_norm instance_norm group_norm embed weight
  relu leaky_relu elu selu gelu silu tanh sigmoid softplus exp log sqrt square abs sign sin cos erf floor clamp where
  minimum maximum reshape flatten transpose concat slice split pad crop flip upsample depth_to_space space_to_depth
  one_hot matmul convolve avg_pool max_pool global_avg_pool softmax log_softmax dropout minibatch_stddev
  batch examples argmax argmin argsort cumprod cumsum determinant diag diagonal expand gather inverse log_determinant
  ones roll sort stack std tile triangle triangular_solve zeros
  sum mean max min norm var logsumexp expect stop`
  .trim()
  .split(/\s+/);

test('no name is taken twice', () => {
  const names = families.flatMap((family) => Object.keys(family));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.sort()).toEqual(records.map(([name]) => name).sort());
});

test('users can write what the language lists, and nothing else', () => {
  const callable = records.filter(([, record]) => record.signature !== null).map(([name]) => name);
  expect(callable.sort()).toEqual([...written].sort());
});

describe.each(records)('%s', (_, record) => {
  test('has a documentation and samples', () => {
    expect(record.doc).toMatch(/\S\.\)?$/);
    expect(record.samples.length).toBeGreaterThan(0);
  });

  test('has parameters of different names, values first', () => {
    const names = record.signature?.map((p) => p.name) ?? [];
    expect(new Set(names).size).toBe(names.length);
    const kinds = record.signature?.map((p) => p.kind === 'value') ?? [];
    expect(kinds).toEqual([...kinds].sort((a, b) => Number(b) - Number(a)));
  });

  test('carries the same attributes in every sample', () => {
    const keys = record.samples.map((s) =>
      Object.keys(s.attrs ?? {})
        .sort()
        .join(),
    );
    expect(new Set(keys).size).toBe(1);
  });
});

describe.each(allSamples())('$title', ({ name, record, sample, training }) => {
  const c = makeCase(name, record, sample, 1, training);

  test('has the shape that its rule says', () => {
    const shape = record.shape(sample.operands, sample.attrs ?? {});
    expect(isProblem(shape)).toBe(false);
    if (isProblem(shape)) return;
    expect(sameShape(shape, c.y.shape), `[${shape}] and [${c.y.shape}]`).toBe(true);
    const batch = record.batch
      ? record.batch(sample.operands, sample.attrs ?? {})
      : sample.operands.some((o) => o.batch);
    expect(c.y.count !== null).toBe(batch);
  });

  test('has a cost, and code that names its operands', () => {
    for (const node of c.b.nodes) {
      if (node.kind !== 'op') continue;
      const made = (operations as Record<string, Operation>)[node.op]!;
      if (made.kind !== 'primitive') expect.fail(`${node.op} is no primitive`);
      const types = node.args.map((a) => ({ shape: a.shape, batch: a.count !== null }));
      const { flops } = made.cost(types, node.attrs, node.shape);
      expect(Number.isFinite(flops) && flops >= 0).toBe(true);
      const text = made.lower.tfjs(variables(node), { ...node, count: node.count === null ? null : BATCH });
      for (const variable of variables(node)) expect(text).toContain(variable);
      expect(() => new Function('tf', 'nn', 'run', ...variables(node), `return ${text};`)).not.toThrow();
    }
  });
});

function variables(node: OpNode): string[] {
  return node.args.map((_, i) => `v_${i}`);
}
