/** From a page's settings to what a run is made of: the model's phases, its data, the state that it goes on from. */

import { UserError } from '../../core/errors.ts';
import { adjustPhases, checkpointSummary } from '../../core/run/checkpoint.ts';
import type { Dataset } from '../../core/run/data.ts';
import type { CompiledModel } from '../../core/run/model.ts';
import { decodeSafetensors, type SafetensorsFile } from '../../core/run/safetensors.ts';
import { entry, table } from '../../core/table.ts';
import { openChoice } from '../data/files.ts';
import type { DataChoice, Settings } from '../protocol.ts';
import { concerning } from './concerns.ts';
import type { Keeper } from './keeping.ts';

export interface Prepared {
  model: CompiledModel;
  seed: number;
  /** The state to go on from, and its name for messages. */
  from: { file: SafetensorsFile; name: string } | null;
  /** What was chosen for each record. */
  choices: Record<string, DataChoice>;
  settings: Settings;
}

export async function prepare(compiled: CompiledModel, given: Settings, keeper: Keeper): Promise<Prepared> {
  const settings =
    given.checkpoint === 'kept'
      ? await concerning({ about: 'checkpoint' }, () => asItWas(given, keeper))
      : given;
  const model = adjustPhases(compiled, lengths('steps', settings.steps), lengths('examples', settings.batch));
  if (model.phases.length === 0) {
    throw new UserError(`${model.name} has no \`train\`: there is nothing to do`);
  }
  if (!Number.isSafeInteger(settings.seed) || settings.seed < 0) {
    throw new UserError(`${settings.seed} is no seed`, { hint: 'a whole number from 0' });
  }
  const from = await concerning({ about: 'checkpoint' }, () => stateOf(settings, keeper));
  if (from === null) refuseForeignWeights(model);
  return {
    model,
    seed: (from && checkpointSummary(from.file, from.name)?.seed) ?? settings.seed,
    from,
    choices: await choicesOf(model, settings.data),
    settings,
  };
}

function lengths(of: 'steps' | 'examples', given: Record<string, number> = {}): string[] {
  return Object.entries(given).map(([phase, n]) => {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new UserError(`${n} ${of} are none for the phase ${phase}`, { hint: 'a whole number from 1' });
    }
    return `${phase}=${n}`;
  });
}

/** A run that was kept goes on with the data and lengths that it had, where nothing else is said. */
async function asItWas(given: Settings, keeper: Keeper): Promise<Settings> {
  const facts = await keeper.facts();
  if (facts === null) throw new UserError('no run is kept in this browser');
  const data: Record<string, DataChoice> = table();
  for (const [record, name] of Object.entries(facts.data)) data[record] = { kind: 'built-in', name };
  for (const record of facts.kept.files) {
    if (entry(given.data, record)?.kind === 'files') continue;
    await concerning({ about: 'data', record }, () => {
      throw new UserError(`the kept run was trained on files for \`${record}\``, {
        hint: 'choose the same files again, then go on',
      });
    });
  }
  return {
    ...given,
    data: { ...data, ...given.data },
    steps: { ...facts.steps, ...given.steps },
    batch: { ...facts.batch, ...given.batch },
  };
}

async function stateOf({ checkpoint }: Settings, keeper: Keeper): Promise<Prepared['from']> {
  if (checkpoint === undefined) return null;
  const name = checkpoint === 'kept' ? 'the kept run' : checkpoint.name;
  const bytes = checkpoint === 'kept' ? await keeper.bytes() : checkpoint.bytes;
  return { file: decodeSafetensors(new Uint8Array(bytes), name), name };
}

/** `net … from "path"`: a page has no such file. */
function refuseForeignWeights({ nets }: CompiledModel): void {
  const net = nets.find(({ from }) => from !== null);
  if (net === undefined) return;
  throw new UserError(`\`${net.name}\` starts from "${net.from}", which a page cannot read`, {
    hint: 'begin the run with ganc train, and go on here with its checkpoint',
  });
}

async function choicesOf(model: CompiledModel, given: Settings['data']): Promise<Record<string, DataChoice>> {
  const choices: Record<string, DataChoice> = table();
  for (const record of model.data) {
    const name = record.fields[0]!.name;
    const choice =
      entry(given, name) ?? (record.from === null ? null : { kind: 'built-in', name: record.from });
    if (choice === null) {
      await concerning({ about: 'data', record: name }, () => {
        throw new UserError(`\`${name}\` has no data yet`, {
          hint: 'choose files for it, or drop them on the page',
        });
      });
    }
    choices[name] = choice as DataChoice;
  }
  return choices;
}

export async function openData(
  model: CompiledModel,
  choices: Readonly<Record<string, DataChoice>>,
  base: string,
): Promise<Record<string, Dataset>> {
  const opened: Record<string, Dataset> = table();
  for (const record of model.data) {
    const name = record.fields[0]!.name;
    opened[name] = await concerning({ about: 'data', record: name }, () =>
      openChoice(choices[name]!, record, base),
    );
  }
  return opened;
}
