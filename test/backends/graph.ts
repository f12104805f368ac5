/** Runs a graph by its lowerings on tfjs's current backend: what emitted code does, without the schedule around it. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as nn from '../../runtimes/core/nn/nn.ts';
import type { Leaf, Node, OpNode } from '../../src/ir/graph.ts';
import { evaluate, runShape } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import type { Primitive } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { inlineNumber, isNumber } from '../../src/plan/numbers.ts';
import { isOwned } from '../../src/plan/uses.ts';

export interface Executed {
  /** Values of `nodes`, in their order. */
  readonly values: readonly { shape: readonly number[]; data: ArrayLike<number> }[];
  /** Tensors left over when all that the program named is freed: made inside a lowering, and lost. */
  readonly leaked: number;
}

/** The values of `nodes`, by one program that computes each node once and frees what it made. */
export function execute(nodes: readonly Node[], values: ReadonlyMap<Leaf, NDArray>, batch: number): Executed {
  const { results, leaked, free } = computed(nodes, values, batch);
  const read = results.map((t) => ({ shape: t.shape, data: t.dataSync() }));
  free();
  return { values: read, leaked };
}

/** The same where values are read in their own time, as a GPU's are. */
export async function executeThere(
  nodes: readonly Node[],
  values: ReadonlyMap<Leaf, NDArray>,
  batch: number,
): Promise<Executed> {
  const { results, leaked, free } = computed(nodes, values, batch);
  const read = await Promise.all(results.map(async (t) => ({ shape: t.shape, data: await t.data() })));
  free();
  return { values: read, leaked };
}

function computed(nodes: readonly Node[], values: ReadonlyMap<Leaf, NDArray>, batch: number) {
  const inputs: Tensor[] = [];
  const names: string[] = [];
  const lines: string[] = [];
  const made: string[] = [];
  const text = (node: Node): string => (isNumber(node) ? numberText(node, batch) : `n${node.id}`);
  for (const node of ancestors(nodes)) {
    if (isNumber(node) && !nodes.includes(node)) continue;
    if (node.kind === 'op' && !isNumber(node)) {
      const record = operations[node.op as keyof typeof operations] as Primitive;
      lines.push(`const n${node.id} = ${record.lower.tfjs(node.args.map(text), node)};`);
    } else {
      const value = valueAt(node, values, batch);
      names.push(`n${node.id}`);
      inputs.push(tf.tensor(Float32Array.from(value.data), [...runShape(node, { batch })], 'float32'));
    }
    if (isOwned(node)) made.push(`n${node.id}`);
  }
  const wanted = [...new Set(nodes)].map((n) => `n${n.id}`);
  const freed = made.filter((name) => !names.includes(name) && !wanted.includes(name));
  lines.push(`tf.dispose([${freed.join(', ')}]);`, `return [${wanted.join(', ')}];`);
  const program = new Function('tf', 'nn', 'run', ...names, lines.join('\n'));
  const given = tf.memory().numTensors;
  const tensors = program(tf, nn, { batch }, ...inputs) as Tensor[];
  const own = new Set(tensors.filter((tensor) => !inputs.includes(tensor)));
  const leaked = tf.memory().numTensors - given - own.size;
  return {
    results: nodes.map((n) => tensors[wanted.indexOf(`n${n.id}`)]!),
    leaked,
    free: () => tf.dispose([...own, ...inputs]),
  };
}

function ancestors(nodes: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...nodes];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') stack.push(...(node as OpNode).args);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function valueAt(node: Node, values: ReadonlyMap<Leaf, NDArray>, batch: number): NDArray {
  return evaluate([node], (leaf) => values.get(leaf)!, { batch }).get(node)!;
}

function numberText(node: Node, batch: number): string {
  return String(inlineNumber(node) ?? valueAt(node, new Map(), batch).data[0]);
}
