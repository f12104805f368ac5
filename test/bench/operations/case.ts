/** An operation at a real size as everyone gets it: numbers in a file, programs for tfjs, and what PyTorch needs to know. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodeSafetensors, type StoredTensor } from '../../../runtimes/core/run/safetensors.ts';
import type { Node } from '../../../src/ir/graph.ts';
import { splat } from '../../../src/ir/graph-builder.ts';
import type { NDArray } from '../../../src/ir/types.ts';
import { gradient } from '../../../src/plan/differentiate.ts';
import { nameOf, programOf } from '../../backends/program.ts';
import { makeCase, seeded, uniformArray } from '../../gradients/cases.ts';
import { EXAMPLES, type RealSample } from './samples.ts';

/** What is in the file: operands x0, x1 …, weights and statistics w/NAME, draws d/NAME, and r, the result's gradient. */
export interface OperationCase {
  name: string;
  attrs: Record<string, unknown>;
  examples: number;
  /** Whose first axis is the examples': each operand's, and the result's. */
  batched: boolean[];
  perExample: boolean;
  /** Names of what is differentiated by, as in the file without `w/`; none where no gradient flows. */
  wrt: string[];
  /** Programs over tf, nn and run. */
  forward: string;
  both: string | null;
}

export interface OperationFiles {
  case: OperationCase;
  file: string;
}

export function writeCase(
  { name, record, sample }: RealSample,
  folder: string,
  number: number,
): OperationFiles {
  const { b, y, inputs, wrt, values } = makeCase(name, record, sample, 1, true, EXAMPLES);
  const operands = sample.operands.length;
  const tensors = new Map<string, StoredTensor>();
  const put = (key: string, { shape, data }: NDArray) =>
    tensors.set(key, { shape: [...shape], data: Float32Array.from(data) });
  const short = (node: Node) => (node.kind === 'leaf' ? nameOf(node).replace(/^.*\//, '') : '');
  for (const [leaf, value] of values) {
    const own = inputs.findIndex((node) => node.leaf === leaf);
    if (own >= 0 && own < operands) put(`x${own}`, value);
    else if (leaf.kind === 'draw') put(`d/${leaf.place}`, value);
    else if (leaf.kind === 'weight' || leaf.kind === 'stat')
      put(`w/${leaf.name.replace(/^.*\//, '')}`, value);
  }
  const shape = [...(y.count === null ? [] : [EXAMPLES]), ...y.shape];
  const upstream = uniformArray(shape, seeded(7), 0.5, 1.5);
  put('r', upstream);
  const r = b.leaf({ kind: 'source', name: 'r', version: 0 }, y.shape, y.count);
  const slopes = wrt.length === 0 ? [] : gradient(b, b.sum(b.mul(r, y), { batch: true }), wrt);
  // A step has slopes, and all are 0.
  const flows = slopes.some((g) => splat(g) !== 0);
  const named = new Map(wrt.map((leaf, i) => [nameOf(leaf), slopes[i]!]));
  const file = path.join(folder, `operation-${number}.safetensors`);
  writeFileSync(file, Buffer.concat(encodeSafetensors(tensors, {})));
  return {
    file,
    case: {
      name,
      attrs: (sample.attrs ?? {}) as Record<string, unknown>,
      examples: EXAMPLES,
      batched: sample.operands.map((o) => o.batch),
      perExample: y.count !== null,
      wrt: flows ? wrt.map(short) : [],
      forward: programOf(new Map([['y', y]])),
      both: flows ? programOf(new Map([['y', y]]), named) : null,
    },
  };
}
