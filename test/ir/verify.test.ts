/** The verifier finds each kind of damage, and nothing in a sound graph. */
import { expect, test } from 'vitest';
import type { LeafNode, Node, OpNode } from '../../src/ir/graph.ts';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';

function sound(): Node[] {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'source', name: 'x', version: 0 }, [2, 3], 'batch');
  const w = b.leaf({ kind: 'weight', name: 'D/w', copy: 'live', version: 0 }, [3], null);
  const h = b.op('leaky_relu', [b.mul(x, w)], { slope: 0.2 });
  b.sum(h, { axes: [1] });
  b.leaf({ kind: 'constant', value: ndarray([2], [1, 2]) }, [2], null);
  b.leaf({ kind: 'count', count: 'batch' }, [], null);
  return [...b.nodes];
}

test('a sound graph has no faults', () => {
  expect(verify(sound(), operations)).toEqual([]);
});

/** The sound graph with one node changed; what uses it, uses the changed one. */
function damaged(at: number, change: object): Node[] {
  const nodes: Node[] = [];
  for (const node of sound()) {
    const args = node.kind === 'op' ? { args: node.args.map((a) => nodes[a.id] ?? a) } : {};
    nodes.push({ ...node, ...args, ...(node.id === at ? change : {}) } as Node);
  }
  return nodes;
}

const stranger = sound()[0]!;

test.each<[string, number, object, RegExp]>([
  [
    'a shape that is not the rule’s',
    2,
    { shape: [2, 4] },
    /mul: its type is batch×\[2,4\] and should be batch×\[2,3\]/,
  ],
  ['a shape of no size', 0, { shape: [2, -3] }, /its shape is \[2,-3\]/],
  ['a count that is lost', 2, { count: null }, /its type is \[2,3\] and should be batch×/],
  ['a count that is another', 0, { count: 7 }, /its type is batch×\[2,3\] and should be 7×/],
  ['an unknown operation', 3, { op: 'frobnicate' }, /no such operation/],
  ['a composite', 3, { op: 'gelu' }, /a composite is not a node/],
  ['a missing attribute', 3, { attrs: {} }, /its attribute slope is missing/],
  ['an attribute too many', 3, { attrs: { slope: 0.2, leak: 1 } }, /it has no attribute leak/],
  ['an attribute that is no data', 3, { attrs: { slope: Number.NaN } }, /slope is not plain data/],
  ['an id out of order', 3, { id: 1 }, /its id does not follow 2/],
  ['an operand from elsewhere', 3, { args: [stranger] }, /its operand %0 is not of this graph/],
  ['an axis that there is not', 4, { attrs: { axes: [5], keep: false, batch: false } }, /its type is/],
  [
    'a constant of the wrong length',
    5,
    { leaf: { kind: 'constant', value: { shape: [2], data: Float64Array.of(1, 2, 3) } } },
    /it holds 3 numbers for \[2\]/,
  ],
  ['a whole source', 0, { count: null }, /a source is per example/],
  ['a weight per example', 1, { count: 'batch' }, /it should be whole/],
  [
    'a weight of no version',
    1,
    { leaf: { kind: 'weight', name: 'D/w', copy: 'live', version: -1 } },
    /its version is -1/,
  ],
])('finds %s', (_, at, change, expected) => {
  expect(verify(damaged(at, change), operations).join('\n')).toMatch(expected);
});

test('finds an operand that comes later', () => {
  const nodes = sound();
  const [first, second] = [nodes[2] as OpNode, nodes[3] as OpNode];
  const swapped = [...nodes.slice(0, 2), { ...second, id: 2 }, { ...first, id: 3 }, ...nodes.slice(4)];
  expect(verify(swapped, operations).join('\n')).toMatch(/does not come before it/);
});

test('finds a per-example operand of another rank', () => {
  const nodes = sound();
  const s: LeafNode = {
    ...(nodes[0] as LeafNode),
    shape: [3],
    leaf: { kind: 'source', name: 's', version: 0 },
  };
  const scaled = { ...(nodes[2] as OpNode), args: [{ ...s, id: 1 }, nodes[0]!] };
  const graph = [nodes[0]!, scaled.args[0]!, scaled];
  expect(verify(graph, operations).join('\n')).toMatch(/is not aligned/);
});
