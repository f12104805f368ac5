/** Tables written in any way that people write them come back as the same numbers; a damaged one names its row and column. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCsv } from '../../runtimes/core/sources/csv.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { MemoryBytes, type Place } from '../../runtimes/core/sources/place.ts';
import { rowsOf } from '../../runtimes/node/sources/csv.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 300);

const record: Declared[] = [
  { name: 'x', type: { meaning: 'tensor', shape: [3] } },
  { name: 'y', type: { meaning: 'label', shape: [4] } },
  { name: 'z', type: { meaning: 'tensor', shape: [] } },
];
/** Columns of a table in the record's order. */
const fields = [['x0', 'x1', 'x2'], ['y'], ['z']];

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
);
const spelt = fc.constantFrom<(v: number) => string>(
  (v) => String(v),
  (v) => v.toExponential(),
  (v) => (v >= 0 && !Object.is(v, -0) ? `+${v}` : String(v)),
);

const table = fc.record({
  rows: fc.array(fc.tuple(number, number, number, fc.integer({ min: 0, max: 3 }), number), {
    minLength: 2,
    maxLength: 30,
  }),
  separator: fc.constantFrom(',', ';', '\t', '|', ' '),
  header: fc.constantFrom('none', 'names', 'others', 'numbers'),
  order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
  extra: fc.boolean(),
  index: fc.boolean(),
  quote: fc.constantFrom('never', 'words', 'always'),
  spell: spelt,
  mark: fc.boolean(),
  end: fc.constantFrom('\n', '\r\n', '\r'),
  blanks: fc.boolean(),
  last: fc.boolean(),
});
type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

/** Cells as they stand in the file, row by row, and in which line the rows begin. */
function written(t: Table) {
  const named = t.header === 'names';
  const order = named ? t.order : [0, 1, 2, 3, 4];
  const names = { names: fields.flat(), others: ['p', 'q', 'r', 's', 't'], numbers: null, none: null }[
    t.header
  ];
  const index = t.index && named && t.separator !== ' ';
  const extra = t.extra && named && t.separator !== ' ';
  const cells = t.rows.map((row, i) => [
    ...(index ? [String(i)] : []),
    ...order.map((k) => t.spell(row[k]!)),
    ...(extra ? [`word; number ${i}, "quoted"`] : []),
  ]);
  if (t.header !== 'none') {
    const head = names === null ? ['0', '1', '2', '3', '4'] : order.map((k) => names[k]!);
    cells.unshift([...(index ? [''] : []), ...head, ...(extra ? ['remark, or so'] : [])]);
  }
  return {
    cells,
    first: t.header === 'none' ? 0 : 1,
    column: (k: number) => order.indexOf(k) + (index ? 1 : 0),
  };
}

function text(t: Table, cells: readonly string[][]): { file: string; lineOf(row: number): number } {
  const plain = (c: string) => !/[",;|\t ]/.test(c) && c !== '' && t.quote !== 'always';
  const lines = cells.map((row) =>
    row.map((c) => (plain(c) && !(t.quote === 'words' && /[a-z]/.test(c)) ? c : quoted(c))).join(t.separator),
  );
  const gap = t.blanks ? t.end + t.end : t.end;
  return {
    file: (t.mark ? '\ufeff' : '') + lines.join(gap) + (t.last ? t.end : ''),
    lineOf: (row) => (t.blanks ? 2 * row : row) + 1,
  };
}

/** Such a first row may be taken for a header, such a first column for an index: other tests say what comes of it. */
function plainTable(t: Table): boolean {
  const first = t.rows[0]!;
  if (t.header === 'names') return true;
  if (t.header === 'none' && first.every((v, i) => v === i)) return false;
  return !t.rows.every(
    (row, i) => row[0] === i + t.rows[0]![0] && (t.rows[0]![0] === 0 || t.rows[0]![0] === 1),
  );
}

async function read(file: string) {
  const bytes = new MemoryBytes('t.csv', new TextEncoder().encode(file));
  const source = await openCsv(bytes, record, { rows: rowsOf } as Partial<Place> as Place);
  const out = source.fields.map(({ shape, read: one }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(size * source.count);
    for (let i = 0; i < source.count; i++) one(i, values, i * size);
    return values;
  });
  return { source, out };
}

test('the same numbers, however they are written', async () => {
  await fc.assert(
    fc.asyncProperty(table.filter(plainTable), async (t) => {
      const { cells, first } = written(t);
      const { file, lineOf } = text(t, cells);
      const { source, out } = await read(file);
      expect(source.count).toBe(t.rows.length);
      const wanted = [[0, 1, 2], [3], [4]].map((columns) =>
        Float32Array.from(t.rows.flatMap((row) => columns.map((k) => row[k]!))),
      );
      // A zero without its sign is the same number.
      expect(out.map((v) => [...v].map((n) => n + 0))).toEqual(wanted.map((v) => [...v].map((n) => n + 0)));
      expect(source.example!(t.rows.length - 1)).toBe(`row ${lineOf(first + t.rows.length - 1)} of t.csv`);
    }),
    { numRuns: runs },
  );
});

const damage = fc.record({
  cell: fc.constantFrom('', 'NA', 'nan', 'five', '1,5', 'inf', '1e99', '12:30', 'short', 'long'),
  row: fc.nat(),
  column: fc.nat({ max: 4 }),
});

test('a damaged cell is named by its row and column, a damaged row by its number', async () => {
  await fc.assert(
    fc.asyncProperty(table.filter(plainTable), damage, async (t, { cell, row, column }) => {
      // Between spaces nothing is no cell.
      const spoilt = t.separator === ' ' && cell === '' ? 'NA' : cell;
      const { cells, first, column: at } = written(t);
      const i = first + (row % t.rows.length);
      // In a table without a header a first row of other width makes the next one differ.
      if (i === 0 && (spoilt === 'short' || spoilt === 'long')) return;
      const place = at(column);
      if (spoilt === 'short') cells[i]!.pop();
      else if (spoilt === 'long') cells[i]!.push('1');
      else cells[i]![place] = spoilt;
      const { file, lineOf } = text({ ...t, blanks: t.blanks && spoilt !== '' }, cells);
      const blanks = t.blanks && spoilt !== '';
      const line = blanks ? lineOf(i) : i + 1;
      const error = await read(file).then(
        () => null,
        (e) => e,
      );
      expect(error?.name, file).toBe('UserError');
      const words =
        spoilt === 'short' || spoilt === 'long'
          ? `row ${line} has ${cells[i]!.length} cells`
          : `row ${line}, column ${place + 1}`;
      expect(error.message).toContain(words);
    }),
    { numRuns: runs },
  );
});

test('any bytes: numbers or words, and never anything else', async () => {
  const piece = fc.constantFrom(
    '1',
    '0.5',
    ',',
    ';',
    '\t',
    '"',
    '\n',
    '\r',
    'a',
    'NA',
    '#',
    ' ',
    '\u2028',
    'é',
    '-',
    'e',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 60 }), async (pieces) => {
      const error = await read(pieces.join('')).then(
        ({ out }) => expect(out.flatMap((v) => [...v]).every(Number.isFinite)).toBe(true),
        (e) => e,
      );
      if (error !== undefined) expect(error.name, String(error.stack)).toBe('UserError');
    }),
    { numRuns: runs },
  );
});
