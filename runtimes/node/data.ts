/** Shows what a model would learn from, without training: facts, ranges, and a picture of real examples as it sees them. */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { Dataset } from '../core/run/data.ts';
import { counted, type DataFacts, factLines, none } from '../core/run/facts.ts';
import { fileStem } from '../core/run/file-stem.ts';
import type { CompiledModel, TypeSpec } from '../core/run/model.ts';
import { drawnCount, isDrawable } from '../core/run/outputs.ts';
import { symbolsOf } from '../core/run/text.ts';
import { sizeOf } from '../core/shape.ts';
import { typeText } from '../core/sources/declared.ts';
import { type Drawn, draw } from './drawing.ts';
import type { DataOptions, Host } from './options.ts';
import { checkFormat, openData } from './prepare.ts';
import { shown } from './shown.ts';
import { trouble } from './trouble.ts';
import { writeWhole } from './whole.ts';

/** What is known of one record before training starts. */
export interface RecordFacts {
  names: string[];
  facts: DataFacts;
}

export interface FieldReport {
  name: string;
  type: TypeSpec;
  /** Of the values as the model sees them, in the examples that were looked at; null for classes and text. */
  range: { low: number; high: number; mean: number } | null;
  /** Files that show its examples. */
  pictures: string[];
}

export interface DataReport {
  model: string;
  records: (RecordFacts & { fields: FieldReport[] })[];
}

/** Examples whose values are looked at, numbers of these in all, and numbers that are in memory at a time. */
const LOOKED = { examples: 1000, numbers: 2 ** 26, together: 2 ** 22 };

/** The facts of every record that has any. */
export function recordFacts(
  { data }: CompiledModel,
  datasets: Readonly<Record<string, Dataset>>,
): RecordFacts[] {
  return data.flatMap(({ fields }) => {
    const names = fields.map((f) => f.name);
    const facts = datasets[names[0]!]?.facts;
    return facts === undefined ? [] : [{ names, facts }];
  });
}

/** Opens a model's data and draws some of them. Says nothing itself. */
export async function lookAtData(
  model: CompiledModel,
  options: DataOptions = {},
  host: Host = {},
): Promise<DataReport> {
  checkFormat(model);
  if (model.data.length === 0) {
    throw new UserError(`${model.name} declares no \`data\`: there is nothing to look at`);
  }
  const datasets = await openData(model, options, host);
  try {
    const records: DataReport['records'] = [];
    for (const { fields } of model.data) {
      const names = fields.map((f) => f.name);
      const dataset = datasets[names[0]!]!;
      const facts = dataset.facts ?? { ...none, origin: dataset.origin, count: dataset.count };
      const ranges = await rangesOf(dataset, fields);
      const reports: FieldReport[] = [];
      for (const [i, { name, type }] of fields.entries()) {
        const pictures =
          options.pictures === false ? [] : await drawField(dataset, i, { name, type }, options);
        reports.push({
          name,
          type,
          range: type.meaning === 'label' || type.meaning === 'text' ? null : ranges[i]!,
          pictures: pictures.map(({ name, bytes }) => written(resolve(options.folder ?? '.', name), bytes)),
        });
      }
      records.push({ names, facts, fields: reports });
    }
    return { model: model.name, records };
  } finally {
    for (const dataset of Object.values(datasets)) await dataset.close?.();
  }
}

/** As lines for people; all classes are named. */
export function reportLines({ records }: DataReport): string[] {
  return records.flatMap(({ names, facts, fields }) => [
    ...factLines(names, facts, Number.POSITIVE_INFINITY),
    ...fields.map(({ name, type, range, pictures }) => {
      const values =
        range === null ? '' : ` from ${value(range.low)} to ${value(range.high)}, mean ${value(range.mean)}`;
      const drawn = pictures.length === 0 ? '' : `  ${pictures.map(shown).join(', ')}`;
      return `  ${name}: ${typeText(type)}${values}${drawn}`;
    }),
  ]);
}

const value = (v: number) => String(Number(v.toPrecision(4))).replace('-', '−');

/** Places that cover the whole set: its classes lie one after another in folders. */
function evenly(count: number, of: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.floor((i * of) / count));
}

async function drawField(
  dataset: Dataset,
  index: number,
  field: { name: string; type: TypeSpec },
  options: DataOptions,
): Promise<Drawn[]> {
  if (field.type.meaning === 'label' || !isDrawable(field)) return [];
  const count = Math.min(options.count ?? drawnCount(field), dataset.count);
  const values = (await dataset.read(evenly(count, dataset.count)))[index]!;
  const title = `${field.name}: ${counted(count, 'example')} of ${dataset.count}`;
  return draw(field, { count, shape: field.type.shape, values }, `data-${fileStem(field.name)}`, {
    ...(dataset.sampleRate === undefined ? {} : { sampleRate: dataset.sampleRate }),
    ...symbolsOf(field.type, dataset.alphabets),
    title,
  });
}

/** Of each field, over examples from all over the set: of large ones fewer. */
async function rangesOf(
  dataset: Dataset,
  fields: readonly { type: TypeSpec }[],
): Promise<NonNullable<FieldReport['range']>[]> {
  const size = fields.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  const most = Math.max(1, Math.floor(LOOKED.numbers / size));
  const places = evenly(Math.min(LOOKED.examples, most, dataset.count), dataset.count);
  const together = Math.max(1, Math.floor(LOOKED.together / size));
  const ranges = fields.map(() => ({
    low: Number.POSITIVE_INFINITY,
    high: Number.NEGATIVE_INFINITY,
    sum: 0,
    count: 0,
  }));
  for (let at = 0; at < places.length; at += together) {
    const read = await dataset.read(places.subarray(at, at + together));
    for (const [i, values] of read.entries()) {
      const range = ranges[i]!;
      for (const v of values) {
        range.low = Math.min(range.low, v);
        range.high = Math.max(range.high, v);
        range.sum += v;
      }
      range.count += values.length;
    }
  }
  return ranges.map(({ low, high, sum, count }) => ({ low, high, mean: sum / count }));
}

function written(path: string, bytes: Uint8Array): string {
  try {
    writeWhole(path, [bytes]);
    return path;
  } catch (error) {
    throw new UserError(`${shown(path)} could not be written: ${trouble(error)}`, { code: 2 });
  }
}
