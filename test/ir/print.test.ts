/** What a printed graph looks like. */
import { expect, test } from 'vitest';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import { printGraph } from '../../src/ir/print.ts';
import { operations } from '../../src/ops/table.ts';

const nowhere = { file: '', start: 0, end: 0 };

test('leaves, attributes, types and origins', () => {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'source', name: 'x', version: 2 }, [28, 28], 'batch');
  const w = b.leaf({ kind: 'weight', name: 'D/w', copy: 'frozen', version: 0 }, [28], null);
  const mask = b.leaf(
    {
      kind: 'draw',
      place: 'D/dropout_1',
      call: 1,
      dist: { kind: 'uniform', low: 0, high: 1 },
      version: 1,
    },
    [28],
    'batch',
  );
  const table = b.leaf(
    {
      kind: 'constant',
      value: ndarray(
        [28],
        Array.from({ length: 28 }, (_, i) => i),
      ),
    },
    [28],
    null,
  );
  const rate = b.leaf(
    {
      kind: 'host',
      expr: { kind: 'binary', op: 'mul', left: { kind: 'number', value: 2 }, right: { kind: 'progress' } },
    },
    [],
    null,
  );
  const h = b.at(nowhere, 'D/leaky_relu_1', () => b.op('leaky_relu', [b.mul(x, w)], { slope: 0.2 }));
  const kept = b.mul(h, b.op('gt', [mask, b.scalar(0.5)]));
  const loss = b.at(nowhere, 'loss', () => b.mul(b.sum(b.mul(kept, table), { batch: true }), rate));
  expect(printGraph([loss], ['loss'])).toMatchInlineSnapshot(`
    "%0 = source x@2 : batch×[28,28]
    %1 = weight D/w@0 frozen : [28]
    %2 = draw uniform D/dropout_1@1 of call 1 : batch×[28]
    %3 = constant (0 1 2 3 4 5 6 7 … 28 numbers) : [28]
    %4 = host mul(2, progress) : []
    %5 = mul(%0, %1) : batch×[28,28]  // D/leaky_relu_1
    %6 = leaky_relu(%5) {slope=0.2} : batch×[28,28]  // D/leaky_relu_1
    %7 = gt(%2, 0.5) : batch×[28]
    %8 = reshape(%7) {shape=[1,28]} : batch×[1,28]
    %9 = mul(%6, %8) : batch×[28,28]
    %10 = mul(%9, %3) : batch×[28,28]  // loss
    %11 = sum(%10) {axes=[0,1] keep=false batch=true} : []  // loss
    %12 = mul(%11, %4) : []  // loss
    loss = %12
    "
  `);
});
