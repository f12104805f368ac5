/** Scalars of a schedule as JavaScript have the values that the compiler works out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostNumber, hostOperand } from '../../src/emit/text/host.ts';
import type { HostBinary, HostExpr, HostUnary } from '../../src/ir/host.ts';
import { hostValue } from '../../src/summary/host-value.ts';

const unary: HostUnary[] = [
  ...(['neg', 'not', 'exp', 'log', 'log2', 'sqrt', 'square', 'abs', 'sign', 'sin', 'cos'] as const),
  ...(['floor', 'ceil', 'round', 'tanh', 'sigmoid'] as const),
];
const binary: HostBinary[] = [
  ...(['add', 'sub', 'mul', 'div', 'pow', 'minimum', 'maximum'] as const),
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or'] as const),
];

const { expr } = fc.letrec<{ expr: HostExpr }>((tie) => ({
  expr: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<HostExpr>({ kind: 'step' }, { kind: 'epoch' }, { kind: 'progress' }),
    fc
      .oneof(fc.integer({ min: -20, max: 2000 }), fc.constantFrom(1e-4, 0.5, -0.25, 1e7, 0))
      .map((value): HostExpr => ({ kind: 'number', value })),
    fc.record({ kind: fc.constant('unary' as const), op: fc.constantFrom(...unary), operand: tie('expr') }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom(...binary),
      left: tie('expr'),
      right: tie('expr'),
    }),
    // Of whole numbers: where the remainder of others rounds to 0 or to the divisor is no matter of the language.
    fc
      .record({
        left: fc.integer({ min: -50, max: 50 }),
        right: fc.constantFrom(7, -7, 500),
        shift: fc.boolean(),
      })
      .map(({ left, right, shift }): HostExpr => {
        const start: HostExpr = { kind: 'number', value: left };
        const from: HostExpr = shift
          ? { kind: 'binary', op: 'sub', left: start, right: { kind: 'step' } }
          : start;
        return { kind: 'binary', op: 'mod', left: from, right: { kind: 'number', value: right } };
      }),
    fc.record({
      kind: fc.constant('if' as const),
      condition: tie('expr'),
      // biome-ignore lint/suspicious/noThenProperty: the language's own word
      then: tie('expr'),
      else: tie('expr'),
    }),
  ),
}));

/** NaN is NaN; else to the last few bits: `sigmoid` is written out in another way. */
function agree(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
}

test('whatever the expression', () => {
  fc.assert(
    fc.property(
      expr,
      fc.nat(5000),
      fc.nat(9),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (e, step, epoch, progress) => {
        const run = { step, epoch, progress };
        const said = hostValue(e, run);
        const text = hostNumber(e);
        const got = new Function('run', `return ${text};`)(run) as number;
        const operand = new Function('run', `return 1 <= ${hostOperand(e)};`)(run) as boolean;
        return agree(said, got) && operand === 1 <= got;
      },
    ),
    { numRuns: 3000 },
  );
});

test('reads as one would write it', () => {
  const n = (value: number): HostExpr => ({ kind: 'number', value });
  const step: HostExpr = { kind: 'step' };
  const early: HostExpr = { kind: 'binary', op: 'lt', left: step, right: n(25) };
  const due: HostExpr = {
    kind: 'binary',
    op: 'eq',
    left: { kind: 'binary', op: 'mod', left: step, right: n(500) },
    right: n(0),
  };
  const count: HostExpr = {
    kind: 'if',
    condition: { kind: 'binary', op: 'or', left: early, right: due },
    // biome-ignore lint/suspicious/noThenProperty: the language's own word
    then: n(100),
    else: n(5),
  };
  expect(hostNumber(count)).toBe('run.step < 25 || run.step % 500 === 0 ? 100 : 5');
  const rate: HostExpr = {
    kind: 'binary',
    op: 'mul',
    left: n(2e-4),
    right: { kind: 'binary', op: 'sub', left: n(1), right: { kind: 'progress' } },
  };
  expect(hostNumber(rate)).toBe('2e-4 * (1 - run.progress)');
});
