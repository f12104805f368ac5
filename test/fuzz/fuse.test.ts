/**
 * Graphs made up at random, of elementwise operations, sums and means among others: gathered into groups, every value is
 * there before it is read and made once, no group binds more than eight tensors or keeps what nobody reads, and its formula,
 * run as tfjs operations, gives what the float64 interpreter gives.
 */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import * as nn from '../../runtimes/core/nn/nn.ts';
import { number } from '../../src/emit/text/literal.ts';
import { Names } from '../../src/emit/text/names.ts';
import { Sources, Writer } from '../../src/emit/text/writer.ts';
import { Formulas } from '../../src/emit/tfjs/formulas.ts';
import type { LeafNode, Node, OpNode } from '../../src/ir/graph.ts';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate, runShape } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import type { Operation } from '../../src/ops/record.ts';
import { operations as table } from '../../src/ops/table.ts';
import { fuse } from '../../src/plan/fuse.ts';
import { isNumber } from '../../src/plan/numbers.ts';
import { isMade } from '../../src/plan/place.ts';
import { operandsOf, type Step } from '../../src/plan/plan.ts';

const operations: Readonly<Record<string, Operation>> = table;
const COUNTS = { batch: 3 };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

interface Draft {
  readonly picks: readonly { readonly kind: number; readonly a: number; readonly b: number }[];
  /** After which of them a statement stands that reads one. */
  readonly reads: readonly { readonly at: number; readonly which: number; readonly log: boolean }[];
}

const draft: fc.Arbitrary<Draft> = fc.record({
  picks: fc.array(fc.record({ kind: fc.nat(99), a: fc.nat(6), b: fc.nat(8) }), {
    minLength: 8,
    maxLength: 40,
  }),
  reads: fc.array(fc.record({ at: fc.nat(40), which: fc.nat(40), log: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
});

/** Whether two values broadcast as they stand: another rank of a per-example one would first be reshaped. */
function meets(x: Node, y: Node): boolean {
  const fits = x.shape.toReversed().every((n, i) => {
    const m = y.shape[y.shape.length - 1 - i];
    return m === undefined || m === n || m === 1 || n === 1;
  });
  const [rank, other] = [x.shape.length, y.shape.length];
  return fits && (rank === other || (rank < other ? x : y).count === null);
}

/** The graph's values, youngest last: of [batch, 2, 3], of [2, 3] and [3], of [batch] and of []. */
function graphOf({ picks }: Draft): Node[] {
  const b = createBuilder(operations, { simplify: false });
  const source = (name: string, shape: number[]) =>
    b.leaf({ kind: 'source', name, version: 0 }, shape, 'batch');
  const weight = (name: string, shape: number[]) =>
    b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, shape, null);
  const n = b.leaf({ kind: 'count', count: 'batch' }, [], null);
  const values: Node[] = [source('x', [2, 3]), source('y', [2, 3]), weight('w', [3]), weight('k', [2, 3]), n];
  const made: OpNode[] = [];
  for (const { kind, a, b: other } of picks) {
    // Late values are taken more often, so that chains get long.
    const pick = (i: number) => values[Math.max(0, values.length - 1 - (i % Math.min(values.length, 9)))]!;
    const x = pick(a);
    const y = pick(other);
    const node = (() => {
      if (kind < 40) {
        if (!meets(x, y)) return b.op('tanh', [x]);
        return b.op(['add', 'sub', 'mul'][kind % 3]!, [x, y]);
      }
      if (kind < 62) return b.op(['tanh', 'square', 'relu', 'neg', 'sigmoid'][kind % 5]!, [x]);
      const axes = x.shape.map((_, i) => i).filter((i) => (kind >> i) % 2 === 0);
      const batch = x.count !== null && kind % 3 > 0;
      if (kind < 92 && (axes.length > 0 || batch))
        return b.op(kind % 2 === 0 ? 'sum' : 'mean', [x], { axes, keep: !batch && kind % 4 > 1, batch });
      // Something that no formula can hold.
      return x.shape.length > 0
        ? b.op('logsumexp', [x], { axes: [0], keep: true, batch: false })
        : b.op('tanh', [x]);
    })();
    if (node.kind !== 'op') continue;
    values.push(node);
    if (!made.includes(node)) made.push(node);
  }
  return made;
}

function stepsOf(made: readonly Node[], { reads }: Draft): Step[] {
  const wanted = new Set<Node>();
  const want = (node: Node): void => {
    if (wanted.has(node)) return;
    wanted.add(node);
    if (node.kind === 'op') node.args.forEach(want);
  };
  const readers = new Map<number, Step[]>();
  for (const { at, which, log } of reads) {
    const last = at % made.length;
    const value = made[which % (last + 1)]!;
    want(value);
    const step: Step = log
      ? { kind: 'log', name: 'value', value }
      : { kind: 'move', stats: ['s'], values: [value], keep: 0.5 };
    readers.set(last, [...(readers.get(last) ?? []), step]);
  }
  return made.flatMap((node, i): Step[] => [
    ...(wanted.has(node) ? [{ kind: 'compute', node } as const] : []),
    ...(readers.get(i) ?? []),
  ]);
}

function usedBy(step: Step): Node[] {
  if (step.kind === 'compute') return step.node.kind === 'op' ? step.node.args.filter(isMade) : [];
  if (step.kind === 'fuse') return operandsOf(step).filter(isMade);
  if (step.kind === 'move') return step.values.filter(isMade);
  return step.kind === 'log' && isMade(step.value) ? [step.value] : [];
}

const leafValue = (_: unknown, node: Node): NDArray => {
  const shape = runShape(node, COUNTS);
  const size = shape.reduce((p, q) => p * q, 1);
  return { shape, data: Float64Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + node.id) * 0.9) };
};

const printed = (node: LeafNode): string =>
  number(node.leaf.kind === 'constant' ? node.leaf.value.data[0]! : Number.NaN);

/** The group's formula as emitted code has it, run on float32. */
function runFormula(
  step: Extract<Step, { kind: 'fuse' }>,
  values: ReadonlyMap<Node, NDArray>,
): Map<Node, tf.Tensor> {
  const formulas = new Formulas(new Names(), operations);
  const { name, operands } = formulas.of(
    step,
    (node) =>
      node.kind === 'leaf' && node.leaf.kind === 'constant' && isNumber(node) ? printed(node) : null,
    () => false,
  );
  const given = operands.map((node) => {
    const { shape, data } = values.get(node)!;
    return isNumber(node) ? data[0]! : tf.tensor(Float32Array.from(data), shape as number[]);
  });
  const writer = new Writer(new Sources([]));
  formulas.print(writer);
  const { code } = writer.finish('formula');
  const out: tf.Tensor | tf.Tensor[] = new Function('nn', 'given', `${code}\nreturn ${name}(...given);`)(
    nn,
    given,
  );
  const tensors = Array.isArray(out) ? out : [out];
  return new Map(step.results.map((node, i) => [node, tensors[i]!]));
}

it('groups of random graphs', () => {
  let groups = 0;
  let reduced = 0;
  fc.assert(
    fc.property(draft, (d) => {
      const made = graphOf(d);
      if (made.length === 0) return;
      const steps = stepsOf(made, d);
      const wanted = evaluate(made, leafValue, COUNTS);
      const gathered = fuse(steps, usedBy, operations);

      const there = new Set<Node>();
      const read = new Set<Node>(gathered.flatMap(usedBy));
      for (const step of gathered) {
        for (const node of usedBy(step)) expect(there.has(node), 'read before it is made').toBe(true);
        const results = step.kind === 'fuse' ? step.results : step.kind === 'compute' ? [step.node] : [];
        for (const node of results) {
          expect(there.has(node), 'made twice').toBe(false);
          expect(read.has(node), 'made for nobody').toBe(true);
          there.add(node);
        }
        if (step.kind !== 'fuse') continue;
        groups++;
        if (step.reduced) reduced++;
        const tensors = operandsOf(step).filter((node) => !isNumber(node));
        expect(tensors.length + step.results.length).toBeLessThanOrEqual(8);
        tf.tidy(() => {
          for (const [node, tensor] of runFormula(step, wanted)) {
            const { shape, data } = wanted.get(node)!;
            expect(tensor.shape).toEqual([...shape]);
            const got = tensor.dataSync();
            data.forEach((value, i) => {
              expect(Math.abs(got[i]! - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
            });
          }
        });
      }
      // What statements read still comes in their order.
      const statements = (list: readonly Step[]) => list.filter((s) => s.kind === 'log' || s.kind === 'move');
      expect(statements(gathered)).toEqual(statements(steps));
    }),
    { numRuns: 2000, seed: 11 },
  );
  expect(groups).toBeGreaterThan(400);
  expect(reduced).toBeGreaterThan(100);
});

it('a long chain of cheap operations on a value that is stored anyway', () => {
  const b = createBuilder(operations, { simplify: false });
  const x = b.leaf({ kind: 'source', name: 'x', version: 0 }, [2, 3], 'batch');
  const stored = b.op('tanh', [x]);
  const made: Node[] = [stored];
  let last = stored;
  for (let i = 0; i < 30; i++) {
    const leaf = b.leaf({ kind: 'weight', name: `w${i}`, copy: 'live', version: 0 }, [3], null);
    last = b.op(['add', 'mul'][i % 2]!, [last, leaf]);
    made.push(last);
  }
  const both = b.op('add', [last, b.op('relu', [stored])]);
  const steps: Step[] = [...made, both.kind === 'op' ? both.args[1]! : x, both].map((node) => ({
    kind: 'compute',
    node,
  }));
  const gathered = fuse([...steps, { kind: 'log', name: 'value', value: both }], usedBy, operations);
  const groups = gathered.filter((step) => step.kind === 'fuse');
  expect(groups.flatMap((group) => group.nodes).length).toBeGreaterThanOrEqual(32);
  for (const group of groups) {
    expect(operandsOf(group).length + group.results.length).toBeLessThanOrEqual(8);
    expect(group.nodes.length).toBeLessThanOrEqual(24);
  }
});
