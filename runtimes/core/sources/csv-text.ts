/** The text of a CSV file: which sign separates its cells, and what one cell says. */
import { UserError } from '../errors.ts';

/** How a platform's parser (csv-parse) has to read the rows. Rows may differ in width: that is checked here. */
export interface RowOptions {
  readonly delimiter: string;
  readonly bom: true;
  readonly trim: true;
  readonly relax_column_count: true;
  readonly record_delimiter: string[];
  /** Characters of one row. A quote that is never closed would take the rest of the file into memory. */
  readonly max_record_size: number;
}

export interface Layout {
  readonly options: RowOptions;
  /** Excel's `sep=;` stands in the first row. */
  readonly separatorRow: boolean;
  /** Cells stand between runs of spaces, as `np.savetxt` writes them. */
  readonly spaces: boolean;
}

const MAX_ROW = 64 * 2 ** 20;

/** In the order of preference where two separators do equally well. */
const separators = ['\t', ';', '|', ',', ' '] as const;

/** From the beginning of a file. `whole`: the file ends there too. */
export function layoutOf(path: string, head: Uint8Array, whole: boolean): Layout {
  const utf16 =
    (head[0] === 0xff && head[1] === 0xfe) ||
    (head[0] === 0xfe && head[1] === 0xff) ||
    (head.length >= 4 && [0, 1].some((at) => evenZeros(head, at)));
  if (utf16) {
    throw new UserError(`${path} is text in UTF-16, and CSV is read in UTF-8`, {
      hint: 'save it as "CSV UTF-8"; in a terminal: iconv -f UTF-16 -t UTF-8 OLD.csv > NEW.csv',
    });
  }
  if (head.includes(0)) {
    throw new UserError(`${path} is of no kind that is read here`, {
      hint: 'sources are IDX, NPY, NPZ or CSV files (also gzipped), folders of PNG, JPEG or WebP pictures, and WAV',
    });
  }
  const lines = linesOf(new TextDecoder().decode(head), whole);
  const named = /^sep=(.)$/i.exec(lines[0] ?? '')?.[1];
  const delimiter = named ?? separatorOf(lines);
  return {
    options: {
      delimiter,
      bom: true,
      trim: true,
      relax_column_count: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: MAX_ROW,
    },
    separatorRow: named !== undefined,
    spaces: delimiter === ' ',
  };
}

/** Every second byte is zero: Latin text in UTF-16 without a mark at its beginning. */
function evenZeros(head: Uint8Array, at: number): boolean {
  const length = Math.min(head.length & ~1, 64);
  for (let i = 0; i < length; i += 2) if (head[i + at] !== 0 || head[i + 1 - at] === 0) return false;
  return true;
}

/** The first lines, without quoted text, blank lines and the line that is cut off at the end. */
function linesOf(text: string, whole: boolean): string[] {
  const lines = text.replace(/"(?:[^"]|"")*"/g, '0').split(/\r\n|\n|\r/);
  if (!whole && lines.length > 1) lines.pop();
  return lines.filter((line) => line.trim() !== '').slice(0, 50);
}

/** The sign that divides the lines into equally many cells, the most of them numbers. */
function separatorOf(lines: readonly string[]): string {
  const rows = lines.filter((line) => !line.startsWith('#'));
  // The first may be a header, which says nothing about numbers.
  const body = rows.length > 1 ? rows.slice(1) : rows;
  let best = { sign: ',', score: 0 };
  for (const sign of separators) {
    const widths = rows.map((line) => splitBy(line, sign).length);
    const width = mostCommon(widths);
    if (width < 2) continue;
    const cells = body.flatMap((line) => splitBy(line, sign));
    const numbers = cells.filter((c) => kindOf(c) !== 'word').length / cells.length;
    // Words too may stand between spaces.
    if (sign === ' ' && numbers < 0.9) continue;
    const regular = widths.filter((w) => w === width).length / rows.length;
    const score = regular * (numbers + 0.01);
    if (score > best.score + 1e-9) best = { sign, score };
  }
  return best.sign;
}

const splitBy = (line: string, sign: string) =>
  sign === ' ' ? line.trim().split(/[ \t]+/) : line.split(sign).map((c) => c.trim());

function mostCommon(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [0, 0])[0];
}

/** `gap`: a value that is missing, as pandas, R, SQL and spreadsheets write it. */
export type CellKind = 'number' | 'gap' | 'word';

const gaps = /^(|na|n\/a|#n\/a|nan|-nan|null|nil|none|missing|\?|-|--|\.|#value!|#div\/0!)$/i;
const decimalComma = /^[+-]?(\d+(,\d+)+|\d{1,3}([. ]\d{3})+,\d+|,\d+)(e[+-]?\d+)?$/i;
const infinite = /^[+-]?inf(inity)?$/i;

export function kindOf(cell: string): CellKind {
  if (gaps.test(cell)) return 'gap';
  if (!Number.isNaN(Number(cell)) || decimalComma.test(cell) || infinite.test(cell)) return 'number';
  return /^(true|false)$/i.test(cell) ? 'number' : 'word';
}

/** What a cell says, as a 32-bit number; NaN where that is none: `whyNot` says why. */
export function numberIn(cell: string): number {
  const value = cell === '' ? Number.NaN : Math.fround(Number(cell));
  if (Number.isFinite(value)) return value;
  if (/^true$/i.test(cell)) return 1;
  if (/^false$/i.test(cell)) return 0;
  return Number.NaN;
}

/** Why a cell has no value, and the way out. `label`: it should have been the number of a class. */
export function whyNot(cell: string, label: boolean): { why: string; hint?: string } {
  const quoted = `"${cell.slice(0, 40)}${cell.length > 40 ? '…' : ''}"`;
  if (gaps.test(cell)) {
    return {
      why: `${cell === '' ? 'nothing' : quoted} is not a number: a value is missing`,
      hint: 'fill the gap with a number, or leave the row out (in pandas: df.dropna())',
    };
  }
  if (decimalComma.test(cell)) {
    return {
      why: `${quoted} is not a number: it has a comma`,
      hint: 'write numbers with a decimal point and nothing between thousands: 1234.5',
    };
  }
  if (infinite.test(cell)) return { why: `${quoted} is not finite` };
  if (!Number.isNaN(Number(cell))) return { why: `${quoted} is too large for a 32-bit number` };
  const why = `${quoted} is not a number`;
  return label
    ? { why, hint: 'a class is its number, from 0 (in pandas: df[c].astype("category").cat.codes)' }
    : { why };
}
