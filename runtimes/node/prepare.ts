/** Makes a run ready: its data opened, its nets' first weights read. */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import { startNetFrom } from '../core/run/checkpoint.ts';
import type { Dataset } from '../core/run/data.ts';
import type { CompiledModel, RecordSpec } from '../core/run/model.ts';
import type { TrainingRun } from '../core/run/run.ts';
import { pathsIn } from '../core/sources/paths.ts';
import { entry, table } from '../core/table.ts';
import { locate, readCheckpoint } from './folder.ts';
import type { Host, TrainOptions } from './options.ts';
import { shown } from './shown.ts';
import { builtInNames, openSource } from './sources/open.ts';

/** Contracts of another version are refused. */
export function checkFormat(model: CompiledModel): void {
  if (model?.format !== 1) {
    throw new UserError('this model was compiled for another version of the runtime; compile it again', {
      code: 2,
    });
  }
}

/** A path that was given on the command line is the same from everywhere. */
export async function absoluteSources(
  model: CompiledModel,
  data: Record<string, string>,
): Promise<Record<string, string>> {
  const out: Record<string, string> = table();
  for (const [name, source] of Object.entries(data)) {
    const record = model.data.find((r) => r.fields.some((f) => f.name === name));
    const paths = await pathsIn(source, record?.fields.length ?? 1, existsSync);
    out[name] = builtInNames.includes(source) ? source : paths.map((p) => resolve(p)).join(',');
  }
  return out;
}

type Given = Readonly<Record<string, string>>;

/** What is given for fields of a record, in their order. */
const givenFor = ({ fields }: RecordSpec, given: Given) => fields.map((f) => entry(given, f.name));

/** Where a record comes from: from what is given for it, else from what its file says, which is relative to that file. */
function sourceOf(record: RecordSpec, given: Given, host: Host) {
  const replaced = givenFor(record, given).find((s) => s !== undefined);
  const directory = replaced === undefined ? (host.directory ?? process.cwd()) : process.cwd();
  return { source: replaced ?? record.from, isGiven: replaced !== undefined, directory };
}

/** Opens the records that are needed: those `wanted` names a field of. By each record's first name. */
export async function openData(
  model: CompiledModel,
  { data: given = {}, resample }: Pick<TrainOptions, 'data' | 'resample'>,
  host: Host,
  wanted: (name: string) => boolean = () => true,
  /** The sources are those that a run was started with. */
  remembered = false,
): Promise<Record<string, Dataset>> {
  const known = model.data.flatMap((r) => r.fields.map((f) => f.name));
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const names = name.split(',').map((n) => n.trim());
    const record = model.data.find((r) => names.every((n) => r.fields.some((f) => f.name === n)));
    throw new UserError(`--data ${name}=…: ${model.name} has no data \`${name}\``, {
      hint:
        known.length === 0
          ? 'it has no data at all'
          : names.length > 1 && record !== undefined
            ? `a record is given by its first name: --data ${record.fields[0]!.name}=${given[name]}`
            : `it has ${known.join(', ')}`,
      code: 2,
    });
  }
  const opened: Record<string, Dataset> = table();
  for (const record of model.data) {
    if (!record.fields.some((f) => wanted(f.name))) continue;
    const name = record.fields[0]!.name;
    const sources = givenFor(record, given);
    if (new Set(sources.filter((s) => s !== undefined)).size > 1) {
      const names = record.fields.map((f) => f.name);
      const together = sources.map((s, i) => s ?? `PATH-OF-${names[i]!}`).join(',');
      throw new UserError(
        `${names.filter((_, i) => sources[i] !== undefined).join(' and ')} are fields of one record (${names.join(', ')}), and each was given a source of its own`,
        { hint: `give them together, in this order: --data ${name}=${together}`, code: 2 },
      );
    }
    const { source, isGiven, directory } = sourceOf(record, given, host);
    if (source === null) {
      throw new UserError(`\`${name}\` has no source`, {
        hint: `give one: --data ${name}=PATH, a file or folder, or one of ${builtInNames.join(', ')}`,
        code: 2,
      });
    }
    opened[name] = await openSource(source, record.fields, {
      directory,
      ...(record.reading === undefined ? {} : { reading: record.reading }),
      ...(resample === undefined ? {} : { resample }),
      ...(host.dataDirs === undefined ? {} : { dataDirs: host.dataDirs }),
    }).catch((error) => {
      throw !isGiven || remembered ? withPlace(error, name) : error;
    });
  }
  return opened;
}

/** Of data that are not where the file or the run has them: how to say where they are. */
function withPlace(error: unknown, name: string): unknown {
  if (!(error instanceof UserError) || !error.message.endsWith(' does not exist')) return error;
  const way = `--data ${name}=PATH says where the data are`;
  return new UserError(error.message, {
    hint: error.hint === null ? way : `${error.hint}; ${way}`,
    code: error.code,
    cause: error,
  });
}

/** Refuses a run folder inside a folder of data: the next run would take its pictures for examples. */
export async function refuseInsideData(
  folder: string,
  model: CompiledModel,
  { data: given = {} }: Pick<TrainOptions, 'data'>,
  host: Host,
): Promise<void> {
  for (const record of model.data) {
    const { source, directory } = sourceOf(record, given, host);
    if (source === null || builtInNames.includes(source)) continue;
    const { fields } = record;
    const parts = await pathsIn(source, fields.length, (part) => existsSync(resolve(directory, part)));
    for (const path of parts.map((part) => resolve(directory, part))) {
      const within = relative(path, folder);
      const isInside = within === '' || !(within.startsWith('..') || isAbsolute(within));
      if (!isInside || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
      throw new UserError(
        `the run folder ${shown(folder)} lies in ${shown(path)}, where \`${fields[0]!.name}\` comes from: what the run draws would be taken for examples`,
        { hint: '--out chooses a folder outside of it', code: 2 },
      );
    }
  }
}

/** `net … from "path"`: the weights of a run (its newest checkpoint) or of a safetensors file. */
export function startNets(run: TrainingRun, host: Host): void {
  for (const { name, from } of run.model.nets) {
    if (from === null) continue;
    const path = isAbsolute(from) ? from : resolve(host.directory ?? process.cwd(), from);
    if (!existsSync(path))
      throw new UserError(`\`${name}\` starts from "${from}", and ${path} does not exist`);
    const { checkpoint } = locate(path);
    if (checkpoint === null)
      throw new UserError(`\`${name}\` starts from "${from}", a run without a checkpoint`);
    startNetFrom(run, name, readCheckpoint(checkpoint), checkpoint);
  }
}
