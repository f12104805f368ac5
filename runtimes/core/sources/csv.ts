/** CSV: one example a row, each field one or several columns. Rows are counted as an editor counts lines, from 1. */
import { said, UserError } from '../errors.ts';
import type { Notice } from '../run/facts.ts';
import { type Choice, type Chosen, chooseColumns, isHeader, undecided } from './columns.ts';
import { kindOf, type Layout, layoutOf, numberIn, whyNot } from './csv-text.ts';
import { type Declared, sourceName } from './declared.ts';
import type { Bytes, Place } from './place.ts';
import type { RawField, RawSource } from './raw.ts';

/** Bytes at the beginning that are looked at to find the separator. */
const HEAD = 2 ** 20;
/** Rows that are looked at before the columns are chosen. */
const PEEK = 100;

interface Row {
  readonly number: number;
  readonly cells: readonly string[];
}

export async function openCsv(bytes: Bytes, record: readonly Declared[], place: Place): Promise<RawSource> {
  const { path } = bytes;
  const head = await bytes.read(0, Math.min(bytes.size, HEAD));
  const layout = layoutOf(path, head, bytes.size <= HEAD);
  const { header, choice, values, rowNumbers } = await readTable(bytes, place, layout, record);
  await bytes.close();
  const width = choice.fields.reduce((n, f) => n + f.at.length, 0);
  let next = 0;
  const fields = choice.fields.map((chosen): RawField => {
    const start = next;
    const size = chosen.at.length;
    next += size;
    const read = (index: number, out: Float32Array, to: number) => {
      const row = index * width + start;
      if (size === 1) out[to] = values[row]!;
      else out.set(values.subarray(row, row + size), to);
    };
    return {
      name: sourceName(chosen.declared),
      shape: chosen.label ? [] : [size],
      content: chosen.label ? 'class' : whole(values, width, start, size) ? 'integers' : 'numbers',
      read,
      block(first, count, out) {
        for (let i = 0; i < count; i++) read(first + i, out, i * size);
      },
    };
  });
  return {
    origin: path,
    count: values.length / width,
    fields,
    facts: { unit: ['row', 'rows'], notices: [...headerNotice(header), ...choice.notices] },
    example: (index) => `row ${rowNumbers(index)} of ${path}`,
  };
}

/** Whether these columns hold whole numbers alone. */
function whole(values: Float32Array, width: number, start: number, size: number): boolean {
  for (let row = start; row < values.length; row += width) {
    for (let i = 0; i < size; i++) if (!Number.isInteger(values[row + i])) return false;
  }
  return true;
}

interface Table {
  header: Row | null;
  choice: Choice;
  /** Row-major, the columns of the fields in their order. */
  values: Float32Array;
  rowNumbers(example: number): number;
}

async function readTable(
  bytes: Bytes,
  place: Place,
  layout: Layout,
  record: readonly Declared[],
): Promise<Table> {
  const { path } = bytes;
  const rows = rowsOf(bytes, place, layout);
  const peeked: Row[] = [];
  try {
    while (peeked.length < PEEK) {
      const { value, done } = await rows.next();
      if (done === true) break;
      peeked.push(value);
    }
    const ends = separatorEnds(peeked);
    const whole = (row: Row) =>
      ends && row.cells.at(-1) === '' ? { ...row, cells: row.cells.slice(0, -1) } : row;
    const { header, body, width } = headed(peeked.map(whole), record);
    if (body.length === 0) {
      throw new UserError(`${path} holds no examples${header === null ? '' : ', only a header'}`);
    }
    const sample = body.filter((r) => r.cells.length === width).map((r) => [...r.cells]);
    const chosen = chooseColumns(path, header?.cells ?? null, width, sample, record);
    const doubts = header === null ? undecided(body[0]!.cells) : [];
    const choice = { ...chosen, notices: [...doubts, ...chosen.notices] };
    const reader = new Reader(path, header, width, choice.fields);
    for (const row of body) reader.add(row);
    for await (const row of rows) reader.add(whole(row));
    return { header, choice, values: reader.taken(), rowNumbers: (i) => reader.rowNumber(i) };
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  } finally {
    await rows.return(undefined);
  }
}

/** Rows that say something. Blank ones are counted, since an editor counts them, but not given. */
async function* rowsOf(bytes: Bytes, place: Place, layout: Layout): AsyncGenerator<Row> {
  let number = 0;
  for await (const read of place.rows(bytes, layout.options)) {
    number++;
    if (number === 1 && layout.separatorRow) continue;
    const cells = layout.spaces ? read.flatMap((c) => c.split('\t')).filter((c) => c !== '') : read;
    if (cells.every((c) => c === '')) continue;
    yield { number, cells };
  }
}

/** The header, if there is one, the rows of examples, and how many cells they have. */
function headed(rows: readonly Row[], record: readonly Declared[]) {
  // `np.savetxt` puts its header behind a `#`; what else stands before the first row is a remark.
  const remarks = rows.findIndex((r) => !r.cells[0]!.startsWith('#'));
  const body = rows.slice(Math.max(0, remarks));
  if (remarks < 0 || body.length === 0) return { header: null, body: [], width: 0 };
  const [first, ...below] = body as [Row, ...Row[]];
  const width = first.cells.length;
  const remark = remarks > 0 ? withoutMark(rows[remarks - 1]!) : null;
  if (remark?.cells.length === width && remark.cells.every((c) => kindOf(c) === 'word')) {
    return { header: remark, body, width };
  }
  const names = record.map(sourceName);
  const cells = below.map((r) => [...r.cells]);
  if (!isHeader(first.cells, cells, names)) return { header: null, body, width };
  // R leaves out the name of its row names.
  if (cells.length > 1 && cells.every((c) => c.length === width + 1)) {
    return { header: { ...first, cells: ['', ...first.cells] }, body: below, width: width + 1 };
  }
  return { header: first, body: below, width };
}

/** Whether rows end with a separator, which makes a last cell without a name and without values. */
function separatorEnds(rows: readonly Row[]): boolean {
  const width = rows[1]?.cells.length;
  const first = rows[0]?.cells;
  return (
    first !== undefined &&
    rows.length > 1 &&
    rows.slice(1).every(({ cells }) => cells.length === width && cells.at(-1) === '') &&
    (first.length < width! || first.at(-1) === '')
  );
}

function withoutMark({ number, cells }: Row): Row {
  const [first, ...others] = cells as [string, ...string[]];
  const bare = first.replace(/^#\s*/, '');
  return { number, cells: bare === '' ? others : [bare, ...others] };
}

/** Takes the numbers of the chosen columns, row by row. */
class Reader {
  private values = new Float32Array(1024);
  private used = 0;
  private readonly columns: readonly number[];
  /** Columns that hold numbers of classes. */
  private readonly labels: ReadonlySet<number>;
  /** Where the row numbers go up by more than one: example and row. */
  private readonly jumps: { example: number; row: number }[] = [];
  private examples = 0;
  private expected = -1;

  constructor(
    private readonly path: string,
    private readonly header: Row | null,
    private readonly width: number,
    fields: readonly Chosen[],
  ) {
    this.columns = fields.flatMap((f) => f.at);
    this.labels = new Set(fields.flatMap((f) => (f.label ? f.at : [])));
  }

  add({ number, cells }: Row): void {
    if (cells.length !== this.width) throw this.ragged(number, cells);
    if (this.used + this.columns.length > this.values.length) {
      const larger = new Float32Array(this.values.length * 2 + this.columns.length);
      larger.set(this.values);
      this.values = larger;
    }
    for (const column of this.columns) {
      const value = numberIn(cells[column]!);
      if (Number.isNaN(value)) throw this.refused(number, column, cells);
      this.values[this.used++] = value;
    }
    if (number !== this.expected) this.jumps.push({ example: this.examples, row: number });
    this.expected = number + 1;
    this.examples++;
  }

  taken(): Float32Array {
    return this.values.slice(0, this.used);
  }

  rowNumber(example: number): number {
    const jump = this.jumps.findLast((j) => j.example <= example)!;
    return jump.row + example - jump.example;
  }

  private refused(row: number, column: number, cells: readonly string[]): UserError {
    const name = this.header?.cells[column];
    const where = name ? `column ${column + 1} (${name})` : `column ${column + 1}`;
    if (this.header !== null && cells.every((c, i) => c === this.header!.cells[i])) {
      return new UserError(`${this.path}, row ${row}, ${where}: the header stands here again`, {
        hint: 'tables that are put together keep one header, the first',
      });
    }
    const { why, hint } = whyNot(cells[column]!, this.labels.has(column));
    return new UserError(`${this.path}, row ${row}, ${where}: ${why}`, hint === undefined ? {} : { hint });
  }

  private ragged(row: number, cells: readonly string[]): UserError {
    const others = this.header === null ? 'the rows before' : 'the header';
    const twice = cells.length === 2 * this.width && cells.every((c) => /^[+-]?\d+$/.test(c));
    return new UserError(
      `${this.path}, row ${row} has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, ${others} ${this.width}`,
      twice ? { hint: 'are these decimal commas? Write numbers with a decimal point' } : {},
    );
  }
}

/** A header that could be taken for an example is said. */
function headerNotice(header: Row | null): Notice[] {
  if (header === null || header.cells.every((c) => c === '' || kindOf(c) === 'word')) return [];
  const { cells } = header;
  const shown = cells.length > 6 ? [...cells.slice(0, 3), '…', cells.at(-1)!] : cells;
  return [
    { message: `row ${header.number} is the header (${shown.join(', ')}), not an example`, hint: null },
  ];
}

/** What csv-parse throws, in our words. */
function unreadable(path: string, error: unknown): UserError {
  const { code, lines } = error as { code?: string; lines?: number };
  const row = lines === undefined ? '' : `, row ${lines}`;
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return new UserError(`${path} cannot be read as CSV: a quote (") opens and is never closed`);
    case 'INVALID_OPENING_QUOTE':
    case 'CSV_INVALID_CLOSING_QUOTE':
      return new UserError(`${path}${row}: a quote (") stands in the middle of a cell`, {
        hint: 'a cell with quotes in it is quoted whole, its own quotes doubled: "5"" wide"',
      });
    case 'CSV_MAX_RECORD_SIZE':
      return new UserError(`${path}${row} is longer than 64 MiB: is a quote (") never closed?`);
    default:
      return new UserError(`${path} cannot be read as CSV: ${said(error)}`);
  }
}
