/**
 * How many passes over memory a step of the deep convolutional GAN of the benchmark (W2) takes, updates included: what a GPU
 * has to launch, where each product, group, single operation, pair of moved averages and updated weight is one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import type { Node } from '../../src/ir/graph.ts';
import { isNumber } from '../../src/plan/numbers.ts';
import { operandsOf, type Step } from '../../src/plan/plan.ts';

const path = join(import.meta.dirname, '../bench/workloads/w2.gan');
const PRODUCTS = /^(conv|linear|matmul)/;
/** The same memory under other axes. */
const FREE = new Set(['reshape', 'stop', 'mark']);

function stepsOf(file: string): readonly Step[] {
  const { model, sources } = analyse({
    source: { path: file, text: readFileSync(file, 'utf8') },
    load: () => undefined,
  });
  return planOf(model!, sources).phases[0]!.body;
}

const isFree = (node: Node) => isNumber(node) || (node.kind === 'op' && FREE.has(node.op));

test('W2: at most 110 launches a step', () => {
  const count = { products: 0, groups: 0, single: 0, moves: 0, updates: 0 };
  for (const step of stepsOf(path)) {
    if (step.kind === 'fuse') count.groups++;
    else if (step.kind === 'move') count.moves += step.stats.length / 2;
    else if (step.kind === 'update') count.updates += step.weights.length;
    else if (step.kind === 'compute' && !isFree(step.node)) {
      const isProduct = step.node.kind === 'op' && PRODUCTS.test(step.node.op);
      count[isProduct ? 'products' : 'single']++;
    }
  }
  expect(count).toEqual({ products: 33, groups: 48, single: 4, moves: 7, updates: 18 });
  expect(Object.values(count).reduce((a, b) => a + b)).toBeLessThanOrEqual(110);
});

test('W2: a group binds at most eight tensors, and keeps nothing that is read nowhere', () => {
  const steps = stepsOf(path);
  const read = new Set<Node>();
  for (const step of steps) {
    if (step.kind === 'fuse') for (const node of operandsOf(step)) read.add(node);
    else if (step.kind === 'compute' && step.node.kind === 'op')
      for (const node of step.node.args) read.add(node);
    else if (step.kind === 'update') for (const node of step.gradients) read.add(node);
    else if (step.kind === 'move') for (const node of step.values) read.add(node);
    else if (step.kind === 'log') read.add(step.value);
  }
  const groups = steps.filter((step) => step.kind === 'fuse');
  for (const group of groups) {
    const operands = operandsOf(group).filter((node) => !isNumber(node));
    expect(operands.length + group.results.length).toBeLessThanOrEqual(8);
    for (const node of group.results) expect(read.has(node), node.origin).toBe(true);
  }
  // Where one launch has one result, as WebGL's have: those of groups with several are made one after the other.
  expect(groups.reduce((sum, group) => sum + group.results.length, 0)).toBe(93);
});
