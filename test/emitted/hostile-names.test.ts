/**
 * Names that JavaScript, its objects or the emitted code have a use for, in every kind of declaration: such a model trains,
 * is kept, goes on and is drawn from as the same model with plain names does, number by number.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { adjustPhases, captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { Dataset } from '../../runtimes/core/run/data.ts';
import { type LogEntry, trainLoop } from '../../runtimes/core/run/loop.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { operations } from '../../src/ops/table.ts';
import { compileText } from './load.ts';
import { hostile } from './names.ts';

/** One name for each kind of declaration. Initial weights and samples do not depend on names: they are constants. */
const KINDS = 21;
/** Where a net and a def are named. */
const CALLED = [4, 8];
function program(n: readonly string[]): string {
  const [data, first, second, noise, net, input, mean, spread, block, given] = n;
  const [value, layer, inner, each, param, loss, metric, output, phase, optimizer, state] = n.slice(10);
  return `
param ${param} = 2
data ${data} ~ [2]
data (${first}, ${second}) ~ ([2], label[2])
noise ${noise} ~ bernoulli(1)[2]
state ${state} = [1, 2]
init kernel ~ constant(0.1)
def ${block}(${given}) = ${given} * ${given} + ${param}
net ${net}(${input}: [2]) -> (${mean}: [2], ${spread}: [1]) = {
  let ${inner} = ${input} |> dense(${param}) as ${layer} |> tanh |> each ${each} in [2, 3] { dense(${each}) |> sigmoid }
  return (${mean} = ${inner} |> dense(2), ${spread} = ${inner} |> dense(1))
}
net other(v: [2]) -> [1] = v |> dense(2) |> batch_norm |> relu |> dense(1, norm = "spectral")
let ${value} = ${net}(${noise}).${mean}
loss ${loss} = expect(sum(square(${value} - ${data}))) + expect(square(${net}(${first}).${spread})) + expect(sum(${block}(${value} * ${second})))
  + expect(square(other(${data}) - other(${value})))
metric ${metric} = sum(${state}) + expect(sum(abs(${value} * ${first} - ${data})))
output ${output} = ${value} + ${state} + ${second} + ${net}.averaged(${first}).${mean}
optimizer ${optimizer} = adam(0.01)
train ${phase} (batch = 4, steps = 9) {
  sample ${data}, ${noise}, ${first}
  update ${net}, other to minimize ${loss} with ${optimizer}
  clip other to [-1, 1]
  average ${net} decay 0.5
  set ${state} to ${state} / 2 + expect(${data})
  save ${net}
  if step % 2 == 1 { restore ${net} }
}
`;
}

const datasets = (model: CompiledModel): Record<string, Dataset> =>
  Object.fromEntries(
    model.data.map(({ fields }) => {
      const dataset: Dataset = {
        origin: 'made up',
        count: 8,
        read: async (indices) =>
          fields.map(({ type }) =>
            Float32Array.from({ length: indices.length * type.shape[0]! }, (_, i) => (i % 2 === 0 ? 1 : 0)),
          ),
      };
      return [fields[0]!.name, dataset];
    }),
  );

interface Told {
  losses: number[];
  names: string[];
  output: number[];
}

/** Two steps, a checkpoint, and from there two steps more in a run of its own. */
async function told(names: readonly string[]): Promise<Told> {
  const compiled = compileText('model.gan', program(names));
  const [loss, metric, , phase] = names.slice(15).map((name) => name.normalize('NFC'));
  const entries: LogEntry[] = [];
  const host = {
    now: () => 0,
    breathe: async () => {},
    stopping: () => false,
    phaseBegins: () => {},
    step: ({ values }: { values: Record<string, number> }) => {
      expect(Object.keys(values)).toContain(loss);
    },
    logged: (entry: LogEntry) => void entries.push(JSON.parse(JSON.stringify(entry))),
    checkpointDue: () => false,
    checkpoint: async () => {},
    pictures: async () => {},
  };
  const cadence = { log: 1, checkpoint: 1000, pictures: 1000 };
  let file: ReturnType<typeof decodeSafetensors> | null = null;
  let output: number[] = [];
  for (const steps of [2, 4]) {
    const model = adjustPhases(compiled, [`${phase}=${steps}`], [`${phase}=4`]);
    const run = new TrainingRun(model, { seed: 1, datasets: datasets(model) });
    run.state.initialise(1);
    if (file) restoreCheckpoint(run, file, 'kept');
    await trainLoop(run, cadence, host);
    const { tensors, metadata } = await captureCheckpoint(run);
    file = decodeSafetensors(Buffer.concat(encodeSafetensors(tensors, metadata)), 'kept');
    const drawn = await run.evaluate(model.outputs[0]!, 3, 'test');
    output = [...(await drawn.data())];
    drawn.dispose();
    run.dispose();
  }
  for (const { values } of entries) expect(Object.keys(values).sort()).toEqual([loss, metric].sort());
  return {
    losses: entries.flatMap(({ values }) => [values[loss!]!, values[metric!]!]),
    names: [compiled.data[0]!.fields[0]!.name, ...Object.keys(compiled.params), compiled.outputs[0]!.name],
    output,
  };
}

let plain: Told;
beforeAll(async () => {
  await tf.setBackend('cpu');
  plain = await told(Array.from({ length: KINDS }, (_, i) => `plain${String.fromCharCode(97 + i)}`));
  expect(plain.losses.every(Number.isFinite)).toBe(true);
  expect(plain.losses.length).toBe(8);
});

// Each name stands in each kind of place once: in turn they move one place on.
test.each(hostile.map((name, i) => [name, i] as const))('%s and those after it', async (_, i) => {
  const names = Array.from({ length: KINDS }, (_, k) => {
    const name = hostile[(i + k) % hostile.length]!;
    // What is called is looked up among operations too, and no net or def may replace one.
    return CALLED.includes(k) && Object.hasOwn(operations, name) ? `${name}_` : name;
  });
  const before = tf.memory().numTensors;
  const its = await told(names);
  expect(its.losses).toEqual(plain.losses);
  expect(its.output).toEqual(plain.output);
  expect(its.names).toEqual([names[0], names[14], names[17]].map((name) => name!.normalize('NFC')));
  expect(tf.memory().numTensors).toBe(before);
});
