/**
 * A checkpoint is one safetensors file: weights and states under their own names (so that other tools can use them),
 * everything else under a prefix, and the counts as JSON in the metadata under `ganc`.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../errors.ts';
import { entry, table } from '../table.ts';
import { carryOptimizers } from './carry.ts';
import { type Counts, readCounts } from './counts.ts';
import type { CompiledModel } from './model.ts';
import type { OptimizerState } from './optimise.ts';
import type { TrainingRun } from './run.ts';
import type { SafetensorsFile, StoredTensor } from './safetensors.ts';
import { stateShape } from './state.ts';
import type { Alphabet } from './text.ts';
import { checkFinite, checkWhole } from './whole-checkpoint.ts';

/** Everything that the run holds, on the host. Refuses weights that are not finite: a checkpoint is a good one. */
export async function captureCheckpoint(
  run: TrainingRun,
): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string> }> {
  const { state, settings } = run;
  const tensors = new Map<string, StoredTensor>();
  const put = async (prefix: string, group: Record<string, Tensor>) => {
    for (const [name, tensor] of Object.entries(group)) {
      tensors.set(prefix + name, { shape: tensor.shape, data: (await tensor.data()) as Float32Array });
    }
  };
  await put('', state.live);
  for (const [name, { data }] of tensors) {
    if (!data.every(Number.isFinite)) {
      throw new UserError(`after step ${state.total} the weights hold numbers that are not finite (${name})`);
    }
  }
  await put('frozen:', state.frozen);
  await put('averaged:', state.averages);
  await put('sample:', state.samples);
  await put('saved:', state.saved);
  await put('state:', state.states);
  for (const name of Object.keys(state.states)) {
    if (tensors.get(`state:${name}`)!.data.every(Number.isFinite)) continue;
    throw new UserError(`after step ${state.total} the state \`${name}\` holds numbers that are not finite`);
  }
  const steps: Counts['optimizers'] = table();
  for (const [optimizer, states] of Object.entries(state.optimizers)) {
    steps[optimizer] = table();
    for (const [weight, s] of Object.entries(states)) {
      steps[optimizer]![weight] = s.steps;
      for (const [slot, tensor] of Object.entries(s.slots))
        await put(slotPrefix(optimizer, slot), { [weight]: tensor });
    }
  }
  const counts: Counts = {
    format: 1,
    model: run.model.name,
    seed: settings.seed,
    total: state.total,
    phase: state.phase,
    phaseName: run.phase.name,
    step: state.step,
    begun: state.begun,
    epochBase: state.epochBase,
    sampled: state.sampled,
    drawn: state.drawn,
    feeds: Object.fromEntries(
      Object.entries(run.feeds).map(([name, feed]) => [
        name,
        {
          ...feed.position,
          latest: feed.latest,
          count: feed.dataset.count,
          ...(feed.dataset.sampleRate === undefined ? {} : { rate: feed.dataset.sampleRate }),
          ...(feed.dataset.alphabets === undefined ? {} : { alphabets: feed.dataset.alphabets.map(copied) }),
        },
      ]),
    ),
    optimizers: steps,
    optimizerSpecs: run.model.optimizers,
    averaging: [...state.averaging],
    clock: run.clock(),
    iterated: [...state.iterated],
    losses: state.losses,
    tensors: tensors.size,
  };
  return { tensors, metadata: { ganc: JSON.stringify(counts) } };
}

const slotPrefix = (optimizer: string, slot: string) => `optimizer:${optimizer}:${slot}:`;

/**
 * The seed of the run that wrote it, and its steps; null for a safetensors file of another origin. Throws where its
 * training state is damaged.
 */
export function checkpointSummary(
  file: SafetensorsFile,
  path: string,
): { seed: number; total: number; model: string } | null {
  const counts = readCounts(file, path);
  return counts === null ? null : { seed: counts.seed, total: counts.total, model: counts.model };
}

/** Samples a second of the sounds that a run has learnt; null where it is not known. */
export function soundRate(file: SafetensorsFile, path: string): number | null {
  const feeds = Object.values(readCounts(file, path)?.feeds ?? {});
  return feeds.find(({ rate }) => rate !== undefined)?.rate ?? null;
}

const copied = ({ size, symbols }: Alphabet) => ({ size, symbols: [...symbols] });

/** The alphabets of the text that a run has learnt. */
export function alphabetsIn(file: SafetensorsFile, path: string): Alphabet[] {
  const feeds = Object.values(readCounts(file, path)?.feeds ?? {});
  return feeds.flatMap(({ alphabets }) => alphabets ?? []);
}

/** Weights and states of a file against what is expected; null where all are there in the right shapes. */
export function differences(
  file: SafetensorsFile,
  expected: readonly { name: string; shape: readonly number[] }[],
  others: 'refuse' | 'allow',
): string | null {
  const lines: string[] = [];
  const known = new Set<string>();
  for (const { name, shape } of expected) {
    known.add(name);
    const stored = file.tensors.get(name);
    if (stored === undefined) lines.push(`${name} [${shape.join(', ')}] is not in it`);
    else if (stored.shape.join() !== shape.join()) {
      lines.push(`${name} is [${stored.shape.join(', ')}] there and [${shape.join(', ')}] here`);
    }
  }
  if (others === 'refuse') {
    for (const name of file.tensors.keys()) {
      if (!name.includes(':') && !known.has(name)) lines.push(`${name} is only in it`);
    }
  }
  if (lines.length === 0) return null;
  const shown = lines.slice(0, 8).map((l) => `  ${l}`);
  if (lines.length > 8) shown.push(`  … and ${lines.length - 8} more`);
  return shown.join('\n');
}

/** How to keep what fits of a checkpoint in a new run: `; or …`. Nothing where no net fits. */
function keeping(model: CompiledModel, file: SafetensorsFile, path: string): string {
  const weights = [...model.weights, ...model.stats];
  const fits = model.nets.filter(({ name }) => {
    const own = weights.filter((w) => w.net === name);
    return own.length > 0 && differences(file, own, 'allow') === null;
  });
  if (fits.length === 0) return '';
  const nets = fits.map(({ name }) => `\`net ${name}(…) … from "${path}"\``);
  return `; to keep the weights, start a new run (without --from) of a file that says ${nets.join(', ')}`;
}

const anew = (model: CompiledModel, file: SafetensorsFile, path: string) =>
  `start a new run (without --from), or undo the change of the model${keeping(model, file, path)}`;

/**
 * Puts a run where a checkpoint left it. The run is fresh; its tensors are replaced. Gives what could not be carried over
 * from the file that wrote the checkpoint to an edited one, in words.
 */
export function restoreCheckpoint(run: TrainingRun, file: SafetensorsFile, path: string): readonly string[] {
  const { state, model } = run;
  const counts = readCounts(file, path);
  if (counts === null) {
    throw new UserError(`${path} holds weights but no training state, so a run cannot go on from it`, {
      hint: 'to start from its weights write `from "…"` at a net',
    });
  }
  const differs = differences(file, [...model.weights, ...model.stats], 'refuse');
  if (differs !== null) {
    throw new UserError(
      `${path} is a checkpoint of another model (${counts.model}); these weights differ:\n${differs}`,
      { hint: anew(model, file, path) },
    );
  }
  const phase = model.phases[counts.phase];
  if (phase === undefined || phase.name !== counts.phaseName) {
    throw new UserError(
      `${path} was left in phase ${counts.phase + 1} (${counts.phaseName}), which ${model.name} does not have`,
      { hint: anew(model, file, path) },
    );
  }
  checkWhole(model, file, counts, path);
  // Checkpoints of before have only names.
  const stored =
    counts.optimizerSpecs ?? model.optimizers.filter(({ name }) => Object.hasOwn(counts.optimizers, name));
  const used = [...file.tensors.keys()].flatMap((key) => /^optimizer:([^:]*):/.exec(key)?.[1] ?? []);
  const { from, notices } = carryOptimizers(stored, new Set(used), model.optimizers);
  restoreTensors(run, file, counts, from);
  state.total = counts.total;
  state.phase = counts.phase;
  state.step = counts.step;
  state.begun = counts.begun;
  state.epochBase = counts.epochBase;
  state.sampled = counts.sampled;
  Object.assign(state.drawn, counts.drawn);
  for (const [name, value] of Object.entries(counts.losses)) {
    // One that was not finite stopped the run, or is of an edited file.
    if (value !== null) state.losses[name] = value;
  }
  for (const net of counts.averaging) state.averaging.add(net);
  for (const kernel of counts.iterated) state.iterated.add(kernel);
  for (const [name, feed] of Object.entries(run.feeds)) {
    const saved = entry(counts.feeds, name);
    if (saved === undefined) continue;
    if (saved.count !== feed.dataset.count) {
      throw new UserError(
        `\`${name}\` had ${saved.count} examples when the run was left; ${feed.dataset.origin} holds ${feed.dataset.count}`,
        {
          hint: `give the same data with --data ${name}=…${keeping(model, file, path)}`,
        },
      );
    }
    const [before, now] = [saved.alphabets ?? [], feed.dataset.alphabets ?? []];
    if (before.length > 0 && JSON.stringify(before) !== JSON.stringify(now)) {
      throw new UserError(
        `\`${name}\` had other characters when the run was left than ${feed.dataset.origin} has, so its numbers meant others`,
        { hint: `give the same data with --data ${name}=…${keeping(model, file, path)}` },
      );
    }
    feed.position = { pass: saved.pass, offset: saved.offset };
    feed.latest = saved.latest;
  }
  run.setPhase(phase);
  return [...notices, ...restoreStates(run, file)];
}

/** Gives the model's states their values; what does not fit begins anew. In words what was not carried over. */
function restoreStates(run: TrainingRun, file: SafetensorsFile): string[] {
  const { state, model, settings, batch } = run;
  const specs = model.states ?? [];
  const notices: string[] = [];
  state.startStates(settings.seed, batch);
  for (const spec of specs) {
    const { name } = spec;
    const stored = file.tensors.get(`state:${name}`);
    const shape = stateShape(spec, batch);
    if (stored === undefined) notices.push(`the state \`${name}\` begins anew: the checkpoint has none`);
    else if (stored.shape.join() !== shape.join()) {
      const [held, holds] = [stored.shape, shape].map((dims) => `[${dims.join(', ')}]`);
      notices.push(`the state \`${name}\` begins anew: it was ${held} and is ${holds} now`);
    } else state.replace(state.states, name, tf.tensor(stored.data, shape, 'float32'));
  }
  for (const key of file.tensors.keys()) {
    const name = /^state:(.*)$/s.exec(key)?.[1];
    if (name !== undefined && !specs.some((spec) => spec.name === name))
      notices.push(`the state \`${name}\` is dropped: the file has none of this name now`);
  }
  return notices;
}

function restoreTensors(
  run: TrainingRun,
  file: SafetensorsFile,
  counts: Counts,
  from: ReadonlyMap<string, string>,
): void {
  const { state } = run;
  const tensor = (key: string): Tensor => {
    const { data, shape } = file.tensors.get(key)!;
    return tf.keep(tf.tensor(data, shape, 'float32'));
  };
  for (const name of Object.keys(state.live)) state.replace(state.live, name, tensor(name));
  const groups = {
    'frozen:': state.frozen,
    'averaged:': state.averages,
    'sample:': state.samples,
    'saved:': state.saved,
  };
  for (const key of file.tensors.keys()) {
    for (const [prefix, group] of Object.entries(groups)) {
      if (key.startsWith(prefix)) group[key.slice(prefix.length)] = tensor(key);
    }
  }
  for (const [optimizer, stored] of from) {
    const weights = entry(counts.optimizers, stored);
    if (weights === undefined) continue;
    const states = table<OptimizerState>();
    state.optimizers[optimizer] = states;
    for (const [weight, steps] of Object.entries(weights)) states[weight] = { steps, slots: table() };
    for (const key of file.tensors.keys()) {
      const [kind, owner, slot, ...rest] = key.split(':');
      if (kind !== 'optimizer' || owner !== stored) continue;
      states[rest.join(':')]!.slots[slot!] = tensor(key);
    }
  }
}

/**
 * Takes from a checkpoint what outputs need: weights, states, frozen and averaged copies, and the clocks. Files of another
 * origin have only weights. Throws a `UserError` where it does not hold them.
 */
export function restoreForOutputs(run: TrainingRun, file: SafetensorsFile, path: string): void {
  const { state, model } = run;
  const own = [...model.weights, ...model.stats];
  const differs = differences(file, own, 'refuse');
  if (differs !== null) {
    throw new UserError(`${path} is of another model; these weights differ:\n${differs}`);
  }
  const counts = readCounts(file, path);
  if (counts !== null) checkWhole(model, file, counts, path);
  else for (const { name } of own) checkFinite(name, file.tensors.get(name)!, path);
  const put = (group: Record<string, Tensor>, name: string, stored: StoredTensor) =>
    state.replace(group, name, tf.tensor(stored.data, stored.shape, 'float32'));
  for (const { name } of own) put(state.live, name, file.tensors.get(name)!);
  for (const [key, stored] of counts === null ? [] : file.tensors) {
    if (key.startsWith('frozen:')) put(state.frozen, key.slice(7), stored);
    if (key.startsWith('averaged:')) put(state.averages, key.slice(9), stored);
  }
  for (const net of counts?.averaging ?? []) state.averaging.add(net);
  state.step = counts?.step ?? 0;
  run.fixedClock = counts?.clock ?? null;
  const phase = model.phases[counts?.phase ?? model.phases.length - 1] ?? model.phases.at(-1);
  if (phase !== undefined) run.setPhase(phase);
  restoreStates(run, file);
}

/** Starts a net from the weights of a file (`net … from "path"`). The averages are taken where the run kept them. */
export function startNetFrom(run: TrainingRun, net: string, file: SafetensorsFile, path: string): void {
  const { model, state } = run;
  const own = [...model.weights, ...model.stats].filter((w) => w.net === net);
  const differs = differences(file, own, 'allow');
  if (differs !== null) {
    throw new UserError(`\`${net}\` cannot start from ${path}; these weights differ:\n${differs}`);
  }
  for (const { name, shape } of own) {
    const averaged = file.tensors.get(`averaged:${name}`);
    const stored = averaged?.shape.join() === shape.join() ? averaged : file.tensors.get(name)!;
    checkFinite(name, stored, path);
    state.replace(state.live, name, tf.tensor(stored.data, stored.shape, 'float32'));
  }
}

/** `100` or `PHASE=100`, as an option of the command line gives it; `phase` is null where none is named. */
function namedPhase({ name, phases }: CompiledModel, option: string, text: string) {
  const match = /^\s*(?:(.+)=)?\s*(\d[\d_]*)\s*$/s.exec(text.normalize('NFC'));
  const value = Number(match?.[2]?.replaceAll('_', ''));
  const wanted = match?.[1]?.trim();
  if (match === null || !Number.isSafeInteger(value) || value < 1) {
    throw new UserError(`${option} ${text} is not a whole number from 1`, {
      hint: `write ${option} 100, or ${option} ${phases[0]!.name}=100 for one phase`,
      code: 2,
    });
  }
  const phase = wanted === undefined ? null : phases.find((p) => p.name === wanted);
  if (phase === undefined) {
    throw new UserError(`${name} has no phase ${wanted}; it has ${phases.map((p) => p.name).join(', ')}`, {
      code: 2,
    });
  }
  return { phase, value };
}

/** The model with another length or batch of its phases: what the command line may change. */
export function adjustPhases(
  model: CompiledModel,
  steps: readonly string[],
  batch: readonly string[],
): CompiledModel {
  const phases = model.phases.map((p) => ({ ...p }));
  const adjusted = { ...model, phases };
  for (const text of steps) {
    const { phase, value } = namedPhase(adjusted, '--steps', text);
    Object.assign(phase ?? phases.at(-1)!, { steps: value, epochs: null });
  }
  for (const text of batch) {
    const { phase, value } = namedPhase(adjusted, '--batch', text);
    for (const p of phase === null ? phases : [phase]) {
      if (p.fixedBatch === true && value !== p.batch) {
        throw new UserError(`--batch ${text}: ${p.name} was compiled for ${p.batch} examples`, {
          hint: 'its file makes an axis of the examples, by `batch(…)`: change the number there, or make it a `param` that `--set` replaces',
          code: 2,
        });
      }
      if (value < (p.leastBatch ?? 1)) {
        throw new UserError(`--batch ${text}: ${p.name} needs at least ${p.leastBatch} examples`, {
          hint: 'a batch_norm would have a single value to normalise, and give 0 whatever it is',
          code: 2,
        });
      }
      p.batch = value;
    }
  }
  return adjusted;
}

/**
 * Refuses `--steps` that ask for less than the run has done: a phase shorter than where it stands, or another length of a
 * phase that is over. `before` is the model with the lengths that the run had, null where they are not known.
 */
export function refuseShorter(
  model: CompiledModel,
  steps: readonly string[],
  file: SafetensorsFile,
  path: string,
  before: CompiledModel | null,
): void {
  const counts = readCounts(file, path);
  if (counts === null) return;
  for (const text of steps) {
    const { phase, value } = namedPhase(model, '--steps', text);
    const { name } = phase ?? model.phases.at(-1)!;
    const at = model.phases.findIndex((p) => p.name === name);
    const option = (n: number) => `--steps ${model.phases.length === 1 ? '' : `${name}=`}${n}`;
    const planned = before?.phases.find((p) => p.name === name);
    if (at < counts.phase && planned !== undefined && planned.steps !== value) {
      throw new UserError(
        `--steps ${text}: the phase ${name} is over, and the run is in ${counts.phaseName}`,
        {
          hint: `only ${counts.phaseName} and what follows it can have another length`,
          code: 2,
        },
      );
    }
    if (at === counts.phase && value < counts.step) {
      const where = model.phases.length === 1 ? 'the run' : `the phase ${name}`;
      throw new UserError(`--steps ${text}: ${where} has done ${counts.step} steps already`, {
        hint: `--steps is the total, with those that are done: ${option(counts.step + value)} makes ${value} more; without --steps it goes on as planned`,
        code: 2,
      });
    }
  }
}
