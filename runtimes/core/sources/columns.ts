/** Columns of a table: whether its first row is a header, and which columns a record's fields read. */
import { UserError } from '../errors.ts';
import type { Notice } from '../run/facts.ts';
import { sizeOf } from '../shape.ts';
import { kindOf, numberIn } from './csv-text.ts';
import { type Declared, sourceName, typeText } from './declared.ts';
import { nearName } from './near.ts';

/** Columns of one field, in order. `label`: its one column holds the number of a class. */
export interface Chosen {
  readonly declared: Declared;
  readonly at: readonly number[];
  readonly label: boolean;
}

export interface Choice {
  readonly fields: readonly Chosen[];
  /** What a reader of the data wants to know of it. */
  readonly notices: readonly Notice[];
}

/** Names that tables give to the class. */
const classNames = ['label', 'class', 'target', 'category', 'labels', 'classes', 'targets'];

/**
 * Whether row 1 names the columns. Words do, and so do the numbers 0 … n−1 that pandas writes where columns have no names.
 * A row with a gap does not, nor does a row of measurements with a word in it.
 */
export function isHeader(first: readonly string[], below: readonly string[][], fields: readonly string[]) {
  const kinds = first.map(kindOf);
  const words = first.filter((_, i) => kinds[i] === 'word');
  const numbers = first.filter((_, i) => kinds[i] === 'number');
  if (words.length === 0) return countsColumns(first, below);
  if (numbers.length === 0) return true;
  return words.some((w) => fields.includes(w)) || (numbers.length > 1 && consecutive(numbers));
}

/** 0, 1, … n−1, perhaps after the nameless column of the index. */
function countsColumns(first: readonly string[], below: readonly string[][]): boolean {
  const numbers = first[0] === '' ? first.slice(1) : first;
  if (numbers[0] !== '0' || !consecutive(numbers)) return false;
  if (first[0] === '' || numbers.length > 4) return true;
  // So few whole numbers may be an example, if all examples are such numbers.
  const values = below.flat().map(numberIn);
  const alike = values.every((v) => Number.isInteger(v) && v >= 0 && v < Math.max(2, numbers.length));
  const needed = numbers.length > 1 ? !alike : below.some((row) => row.some((c) => /^[+-]?\d*\.\d/.test(c)));
  return below.length > 0 && needed;
}

/** A row of the numbers 0 … n−1 that is taken for an example might be a header all the same. */
export function undecided(first: readonly string[]): Notice[] {
  if (first.length < 2 || first[0] !== '0' || !consecutive(first)) return [];
  return [
    {
      message: `row 1 (${first.join(', ')}) is taken for an example, since the others look like it`,
      hint: 'if it is a header, give the columns names',
    },
  ];
}

function consecutive(cells: readonly string[]): boolean {
  return cells.every((c, i) => /^\d{1,7}$/.test(c) && Number(c) === Number(cells[0]) + i);
}

const isLabel = (d: Declared) => d.type.meaning === 'label';
const nameless = (name: string) => name === '' || /^unnamed: 0$/i.test(name);
const listed = (names: readonly string[]) =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 4).join(', ')}, … ${names.at(-1)}`;

/**
 * Columns by the names of the header where they match fields: one column of that name, or as many as the field has
 * numbers, named and counted (`x0`, `x_1`, `x[2]`). What is left goes to the other fields side by side, in order.
 */
export function chooseColumns(
  path: string,
  header: readonly string[] | null,
  width: number,
  sample: readonly string[][],
  record: readonly Declared[],
): Choice {
  const notices: Notice[] = [];
  const note = (message: string, hint: string | null = null) => notices.push({ message, hint });
  const left = Array.from({ length: width }, (_, i) => i);
  const take = (at: readonly number[]) => {
    for (const i of at) left.splice(left.indexOf(i), 1);
    return at;
  };
  const index = header !== null && width > 1 && nameless(header[0]!) && !header.slice(1).some(nameless);
  if (index) {
    take([0]);
    note('column 1 has no name: it is the index of the rows, and is left out');
  }
  const found = new Map<Declared, Chosen>();
  if (header !== null) {
    for (const d of record) {
      const at = named(path, header, left, d);
      if (at !== null) found.set(d, { declared: d, at: take(at), label: isLabel(d) && at.length === 1 });
    }
    const labels = record.filter((d) => isLabel(d) && !found.has(d));
    const columns = left.filter((i) => classNames.includes(header[i]!.toLowerCase()));
    if (labels.length === 1 && columns.length === 1) {
      found.set(labels[0]!, { declared: labels[0]!, at: take(columns), label: true });
    }
  }
  const missing = record.find((d) => d.source !== undefined && !found.has(d));
  if (missing !== undefined) throw noColumn(path, header, missing);
  const rest = record.filter((d) => !found.has(d));
  if (rest.length > 0) {
    const needs = oneOf(rest, left.length) ?? oneOf(rest, left.length - 1);
    const counter = width > 1 && left[0] === 0 && countsRows(sample);
    const name = header?.[0] ?? '';
    const first = name === '' ? 'column 1' : `column 1, ${name},`;
    if (needs === null || (needs.total < left.length && !counter)) {
      throw misfit(path, header, width, record, index);
    }
    if (needs.total < left.length) {
      take([0]);
      note(`${first} counts the rows: it is their index, and is left out`);
    } else if (counter) {
      note(
        `${first} counts the rows, and is read as numbers of \`${rest[0]!.name}\``,
        'if it is their index, leave it out of the file (pandas: index=False)',
      );
    }
    let next = 0;
    rest.forEach((d, i) => {
      const at = left.slice(next, next + needs.widths[i]!);
      next += at.length;
      found.set(d, { declared: d, at, label: needs.byNumber && isLabel(d) });
    });
    left.splice(0, next);
  }
  if (left.length > 0) {
    const names = left.map((i) => header?.[i] || `column ${i + 1}`);
    note(
      `${left.length === 1 ? 'column' : 'columns'} ${listed(names)} ${left.length === 1 ? 'is' : 'are'} not used`,
    );
  }
  if (header !== null && rest.length > 0 && record.length > 1) {
    const reads = record.map((d) => `\`${d.name}\` ${listed(found.get(d)!.at.map((i) => header[i]!))}`);
    note(`by place, since the header does not name every field: ${reads.join('; ')}`);
  }
  return { fields: record.map((d) => found.get(d)!), notices };
}

function manyNamed(path: string, d: Declared): UserError {
  return new UserError(
    `\`${d.name}\` reads ${sizeOf(d.type.shape)} ${sizeOf(d.type.shape) === 1 ? 'column' : 'columns'} of ${path}, and \`fields\` names ${d.source!.length}: ${sourceName(d)}`,
    { hint: 'name a column for each number of the field, or of its rows where windows are cut' },
  );
}

function severalNamed(path: string, count: number, name: string): UserError {
  return new UserError(`the header of ${path} names ${count} columns \`${name}\``, {
    hint: 'give each column a name of its own',
  });
}

/** One of the columns that the declaration names for a field of several numbers. */
function columnNamed(
  path: string,
  header: readonly string[],
  left: readonly number[],
  d: Declared,
  name: string,
): number {
  const at = left.filter((i) => header[i] === name);
  if (at.length === 1) return at[0]!;
  if (at.length > 1) throw severalNamed(path, at.length, name);
  throw noColumn(path, header, { ...d, source: name, type: { ...d.type, shape: [] } });
}

/** A column that the declaration names, and the table does not have. */
function noColumn(path: string, header: readonly string[] | null, d: Declared): UserError {
  const name = sourceName(d);
  if (header === null) {
    return new UserError(`${path} has no header, so no column of it is called "${name}"`, {
      hint: 'give the table a first row of names, or leave `fields` out',
    });
  }
  const near = nearName(name, header);
  const counted = sizeOf(d.type.shape) > 1 && !isLabel(d);
  return new UserError(
    counted
      ? `${path} does not have ${sizeOf(d.type.shape)} columns "${name}0", "${name}1", … for \`${d.name}\``
      : `${path} has no column "${name}"`,
    {
      hint: near !== null && near !== name ? `did you mean "${near}"?` : `its columns are ${listed(header)}`,
    },
  );
}

/** Columns that the header names for a field, among those left. */
function named(
  path: string,
  header: readonly string[],
  left: readonly number[],
  d: Declared,
): readonly number[] | null {
  const size = sizeOf(d.type.shape);
  const single = isLabel(d) || size === 1;
  const same = (a: string) => (b: string) => a === b;
  const lower = (a: string) => (b: string) => a.toLowerCase() === b.toLowerCase();
  if (typeof d.source === 'object') {
    if (d.source.length !== size) throw manyNamed(path, d);
    return d.source.map((name) => columnNamed(path, header, left, d, name));
  }
  const name = sourceName(d);
  for (const equal of [same(name), lower(name)]) {
    const at = left.filter((i) => equal(header[i]!));
    if (single && at.length > 1) throw severalNamed(path, at.length, name);
    if (single && at.length === 1) return at;
    if (size === 1) continue;
    const counted = left
      .filter((i) => equal(header[i]!.slice(0, name.length)))
      .map((i) => ({ i, numbers: countOf(header[i]!.slice(name.length)) }))
      .filter(({ numbers }) => numbers !== null);
    if (counted.length !== size) continue;
    return counted.sort((a, b) => inOrder(a.numbers!, b.numbers!)).map(({ i }) => i);
  }
  return null;
}

/** `0`, `_0`, `.0`, `[0]`, `_0_1`: the numbers in it; null for other ends of a name. pandas leaves the first one bare. */
function countOf(end: string): number[] | null {
  if (end === '') return [];
  if (!/^[ _.\-[(]*\d+([ _.,\-\][]+\d+)*[\])]*$/.test(end)) return null;
  return end.match(/\d+/g)!.map(Number);
}

function inOrder(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((v, i) => v !== b[i]);
  return differs < 0 ? a.length - b.length : a[differs]! - (b[differs] ?? -1);
}

/** How wide these fields are, if they are that many columns together: a class is its number, or already one-hot. */
function oneOf(fields: readonly Declared[], columns: number) {
  for (const byNumber of [true, false]) {
    const widths = fields.map((d) => (byNumber && isLabel(d) ? 1 : sizeOf(d.type.shape)));
    const total = widths.reduce((a, b) => a + b, 0);
    if (total === columns) return { widths, total, byNumber };
  }
  return null;
}

/** The first column is 0, 1, 2, … or 1, 2, 3, … */
function countsRows(sample: readonly string[][]): boolean {
  const start = sample[0]?.[0];
  return sample.length > 2 && (start === '0' || start === '1') && consecutive(sample.map((row) => row[0]!));
}

/** One field of as many rows as it has, if it were a window of a series. */
function isSeries(record: readonly Declared[], columns: number): boolean {
  const [d] = record;
  const plain = d?.type.meaning === 'tensor' || d?.type.meaning === 'sound';
  return record.length === 1 && plain && sizeOf(d.type.shape.slice(1)) === columns;
}

function misfit(
  path: string,
  header: readonly string[] | null,
  width: number,
  record: readonly Declared[],
  index: boolean,
): UserError {
  const declared = record.map((d) => `${d.name}: ${typeText(d.type)}`).join(', ');
  const needs = record.map((d) => (isLabel(d) ? 1 : sizeOf(d.type.shape))).reduce((a, b) => a + b, 0);
  const columns = index ? width - 1 : width;
  const names = header === null ? '' : ` (${listed(index ? header.slice(1) : header)})`;
  return new UserError(
    `${path} has ${columns} ${columns === 1 ? 'column' : 'columns'}${names}${index ? ' beside the index of its rows' : ''}, but ${declared} needs ${needs}`,
    {
      hint: isSeries(record, columns)
        ? `to cut windows of ${record[0]!.type.shape[0]} rows from them, write (stride = 1) behind the source`
        : header === null
          ? 'give it a header: columns that have the names of the fields are chosen'
          : index && needs === width
            ? `declare ${columns} numbers; if column 1 is no index, give it a name in the header`
            : `columns are chosen by name: ${record.map((d) => (isLabel(d) || sizeOf(d.type.shape) === 1 ? d.name : `${d.name}0 … ${d.name}${sizeOf(d.type.shape) - 1}`)).join(', ')}`,
    },
  );
}
