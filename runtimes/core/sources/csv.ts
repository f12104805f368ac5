/** CSV: one example a row, the columns of the record's fields side by side; a first row of words is its header. */
import { UserError } from '../errors.ts';
import { type Declared, typeText } from './fit.ts';
import type { Bytes, Place } from './place.ts';
import type { RawField, RawSource } from './raw.ts';

export async function openCsv(bytes: Bytes, record: readonly Declared[], place: Place): Promise<RawSource> {
  const head = await bytes.read(0, Math.min(bytes.size, 4096));
  if (head.includes(0)) {
    throw new UserError(`${bytes.path} is of no kind that is read here`, {
      hint: 'sources are IDX, NPY, NPZ or CSV files (also gzipped), folders of PNG, JPEG or WebP pictures, and WAV',
    });
  }
  const table = await readTable(bytes, place);
  await bytes.close();
  const columns = chooseColumns(bytes.path, table, record);
  const fields = columns.map(({ name, at, label }): RawField => {
    const start = at[0]!;
    return {
      name,
      shape: label ? [] : [at.length],
      content: label ? 'class' : 'numbers',
      read(index, out, to) {
        const row = index * table.width;
        if (at.length === 1) out[to] = table.values[row + start]!;
        else for (let i = 0; i < at.length; i++) out[to + i] = table.values[row + at[i]!]!;
      },
    };
  });
  return { origin: bytes.path, count: table.values.length / table.width, fields };
}

interface Table {
  header: string[] | null;
  width: number;
  values: Float32Array;
}

async function readTable(bytes: Bytes, place: Place): Promise<Table> {
  let header: string[] | null = null;
  let width = 0;
  let row = 0;
  let values = new Float32Array(1024);
  let used = 0;
  try {
    for await (const cells of place.rows(bytes)) {
      row++;
      if (row === 1) {
        width = cells.length;
        if (cells.some((c) => c !== '' && Number.isNaN(Number(c)))) {
          header = cells;
          continue;
        }
      }
      if (used + width > values.length) {
        const larger = new Float32Array(values.length * 2 + width);
        larger.set(values);
        values = larger;
      }
      for (let i = 0; i < width; i++) {
        const cell = cells[i]!;
        const value = Number(cell);
        if (cell === '' || Number.isNaN(value)) {
          const column = header?.[i] ?? `column ${i + 1}`;
          throw new UserError(
            `${bytes.path}, row ${row}, ${column}: ${cell === '' ? 'nothing' : `"${cell.slice(0, 40)}"`} is not a number`,
          );
        }
        values[used++] = value;
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${bytes.path} cannot be read as CSV: ${(error as Error).message}`);
  }
  if (used === 0) throw new UserError(`${bytes.path} holds no examples`);
  return { header, width, values: values.slice(0, used) };
}

/** By the header where every field is one column and named in it; else side by side in the record's order. */
function chooseColumns(path: string, { header, width }: Table, record: readonly Declared[]) {
  const size = (d: Declared) => d.type.shape.reduce((a, b) => a * b, 1);
  const single = (d: Declared) => d.type.meaning === 'label' || size(d) === 1;
  if (header !== null && record.every((d) => single(d) && header.includes(d.name))) {
    return record.map((d) => ({
      name: d.name,
      at: [header.indexOf(d.name)],
      label: d.type.meaning === 'label',
    }));
  }
  // A class is one column with its number, or already one-hot.
  for (const asNumber of [true, false]) {
    const widths = record.map((d) => (asNumber && d.type.meaning === 'label' ? 1 : size(d)));
    if (widths.reduce((a, b) => a + b, 0) !== width) continue;
    let next = 0;
    return record.map((d, i) => {
      const at = Array.from({ length: widths[i]! }, () => next++);
      return { name: d.name, at, label: asNumber && d.type.meaning === 'label' };
    });
  }
  const declared = record.map((d) => `${d.name}: ${typeText(d.type)}`).join(', ');
  const needs = record.map((d) => (d.type.meaning === 'label' ? 1 : size(d))).reduce((a, b) => a + b, 0);
  throw new UserError(
    `${path} has ${width} ${width === 1 ? 'column' : 'columns'}, but ${declared} needs ${needs}`,
  );
}
