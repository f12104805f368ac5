/** Whether a checkpoint holds all that a run of a model needs of it, in the right shapes, as numbers. */

import { DamagedError, UserError } from '../errors.ts';
import { type OptimiserSlot, optimisers } from '../optimisers.ts';
import { entry } from '../table.ts';
import type { Counts } from './counts.ts';
import type { CompiledModel } from './model.ts';
import type { SafetensorsFile, StoredTensor } from './safetensors.ts';

/** Throws a `UserError` that names the first thing wrong. Names and shapes of the weights themselves have been compared. */
export function checkWhole(model: CompiledModel, file: SafetensorsFile, counts: Counts, path: string): void {
  const damaged = (why: string) => new DamagedError(`${path} is damaged: ${why}`);
  const shapes = new Map([...model.weights, ...model.stats].map((w) => [w.name, w.shape]));
  const expect = (key: string, shape: readonly number[] | undefined, finite: boolean) => {
    const stored = file.tensors.get(key);
    if (stored === undefined) throw damaged(`${key} is missing`);
    if (shape === undefined) throw damaged(`${key} belongs to no weight`);
    if (stored.shape.join() !== shape.join()) {
      throw damaged(`${key} is [${stored.shape.join(', ')}] and should be [${shape.join(', ')}]`);
    }
    if (finite) checkFinite(key, stored, path);
  };
  const copiesOf = (prefix: string, net: string) => {
    for (const w of [...model.weights, ...model.stats]) {
      if (w.net === net && !file.tensors.has(prefix + w.name)) {
        throw new UserError(`${path} has no ${prefix}${w.name}, which the phase ${counts.phaseName} uses`, {
          hint: 'the file was edited so that it keeps other copies of its nets, or the checkpoint is damaged',
        });
      }
    }
  };
  for (const net of counts.averaging) copiesOf('averaged:', net);
  const phase = model.phases[counts.phase];
  if (counts.begun && phase !== undefined) for (const net of phase.frozen) copiesOf('frozen:', net);
  for (const key of shapes.keys()) expect(key, shapes.get(key), true);
  for (const key of file.tensors.keys()) {
    const copied = /^(?:frozen|averaged|saved):(.*)$/s.exec(key);
    if (copied !== null) expect(key, shapes.get(copied[1]!), true);
    if (key.startsWith('state:')) checkFinite(key, file.tensors.get(key)!, path);
    if (key.startsWith('sample:')) checkSample(model, key, file.tensors.get(key)!, damaged);
  }
  for (const { name, rule } of counts.optimizerSpecs ?? model.optimizers) {
    const slots: readonly OptimiserSlot[] = optimisers[rule].slots;
    for (const weight of Object.keys(entry(counts.optimizers, name) ?? {})) {
      const key = (slot: string) => `optimizer:${name}:${slot}:${weight}`;
      for (const slot of slots) {
        // One that hangs on a parameter was perhaps never written.
        if (slot.with !== undefined && !file.tensors.has(key(slot.name))) continue;
        expect(key(slot.name), shapes.get(weight), false);
      }
    }
  }
  for (const key of file.tensors.keys()) {
    const [kind, optimizer = '', slot = '', ...weight] = key.split(':');
    if (kind !== 'optimizer') continue;
    if (entry(entry(counts.optimizers, optimizer), weight.join(':')) === undefined) {
      throw damaged(`${key} belongs to no optimiser`);
    }
    const rule = (counts.optimizerSpecs ?? model.optimizers).find((o) => o.name === optimizer)?.rule;
    const known = rule === undefined || optimisers[rule].slots.some(({ name }) => name === slot);
    if (!known) throw damaged(`${key} is nothing that ${rule} keeps`);
    // Infinite is what a square may have become; NaN it cannot.
    if (file.tensors.get(key)!.data.some(Number.isNaN)) throw damaged(`${key} holds NaN`);
  }
  for (const [name, { offset, latest, count }] of Object.entries(counts.feeds)) {
    if (offset > count || latest > count)
      throw damaged(`\`${name}\` stands at ${offset} of ${count} examples`);
  }
}

/** Samples of sources that the model has: any number of examples of their shape. */
function checkSample(
  model: CompiledModel,
  key: string,
  { shape, data }: StoredTensor,
  damaged: (why: string) => UserError,
): void {
  const name = key.slice('sample:'.length);
  const field = model.data.flatMap((r) => r.fields).find((f) => f.name === name);
  const expected = field?.type.shape ?? model.noise.find((n) => n.name === name)?.shape;
  if (expected !== undefined && shape.slice(1).join() !== expected.join()) {
    throw damaged(`${key} is [${shape.join(', ')}], and its examples should be [${expected.join(', ')}]`);
  }
  if (data.some(Number.isNaN)) throw damaged(`${key} holds NaN`);
}

/** Refuses weights that are no numbers: nothing can be drawn from them. */
export function checkFinite(name: string, { data }: StoredTensor, path: string): void {
  const at = data.findIndex((x) => !Number.isFinite(x));
  if (at < 0) return;
  throw new DamagedError(`${path} holds numbers that are not finite: ${name} has ${data[at]} at ${at}`, {
    hint: 'the file is damaged, or of a run that diverged',
  });
}
