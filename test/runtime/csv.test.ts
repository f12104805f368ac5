/** Tables as people save them: read rightly, or refused with the row, the column and the way out; never half-read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { UserError } from '../../runtimes/core/errors.ts';
import type { TypeSpec } from '../../runtimes/core/run/model.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'ganc-csv-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `x: [4]` as `x 4`, `y: label[3]` as `y label 3`. */
function declared(text: string): Declared {
  const [name, ...type] = text.split(' ');
  const meaning = Number.isNaN(Number(type[0] ?? 0)) ? (type.shift() as TypeSpec['meaning']) : 'tensor';
  return { name: name!, type: { meaning, shape: type.map(Number) } };
}

async function read(text: string | Uint8Array, ...record: string[]) {
  const path = join(folder, 't.csv');
  writeFileSync(path, text);
  const dataset = await openSource(path, record.map(declared), { directory: folder });
  const values = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
  return {
    values: values.map((v) => [...v]),
    notes: dataset.facts!.notices.map(({ message, hint }) => [message, hint].join(' ')).join('\n'),
  };
}

/** What went wrong, and the way out. */
async function refusal(text: string | Uint8Array, ...record: string[]): Promise<string> {
  const error: UserError = await read(text, ...record).then(
    ({ values }) => expect.fail(`read as ${JSON.stringify(values)}`),
    (e) => e,
  );
  expect(error.name, String(error.stack)).toBe('UserError');
  return [error.message, error.hint].join('\n');
}

const five = ['0.5,1,2,3,1', '-0.5,4,5,6,2', '0.25,7,8,9,0', '1.5,1,0,1,1'];
const x4 = [0.5, 1, 2, 3, -0.5, 4, 5, 6, 0.25, 7, 8, 9, 1.5, 1, 0, 1];
const y3 = [0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0];
const lines = (...rows: string[]) => `${rows.join('\n')}\n`;
const yFirst = five.map((row) => [...row.split(',').slice(4), ...row.split(',').slice(0, 4)].join(','));

describe('the header chooses columns', () => {
  test.each<[string, string]>([
    ['the class last', lines('a,b,c,d,y', ...five)],
    ['the class first', lines('y,a,b,c,d', ...yFirst)],
    ['another case', lines('Y,a,b,c,d', ...yFirst)],
    ['a name that tables give to the class', lines('label,p0,p1,p2,p3', ...yFirst)],
    ['counted columns', lines('x0,x1,x2,x3,y', ...five)],
    [
      'counted in another order',
      lines('y,x_2,x_1,x_4,x_3', ...five.map((r) => [4, 1, 0, 3, 2].map((i) => r.split(',')[i]).join(','))),
    ],
    [
      'counted with brackets, others between',
      lines(
        'x[0],id,x[1],x[2],y,x[3]',
        ...five.map((r) => [0, 3, 1, 2, 4, 3].map((i) => r.split(',')[i]).join(',')),
      ),
    ],
    ['one name again and again', lines('x,x,x,x,y', ...five)],
    ['… as pandas makes them different', lines('x,x.1,x.2,x.3,y', ...five)],
    ['without a header, by place', lines(...five)],
  ])('%s', async (_, text) => {
    expect((await read(text, 'x 4', 'y label 3')).values).toEqual([x4, y3]);
  });

  test('twelve columns are counted, not sorted as words', async () => {
    const order = [10, 2, 1, 0, 11, 3, 4, 9, 8, 7, 6, 5];
    const text = lines(order.map((i) => `x${i}`).join(','), order.map((i) => i + 0.5).join(','));
    expect((await read(text, 'x 12')).values).toEqual([Array.from({ length: 12 }, (_, i) => i + 0.5)]);
  });

  test('one-hot classes by name', async () => {
    const text = lines('y_1,y_0,a', '0,1,5', '1,0,6');
    expect((await read(text, 'x 1', 'y label 2')).values).toEqual([
      [5, 6],
      [1, 0, 0, 1],
    ]);
  });

  test('columns that no field reads are said, whatever they hold', async () => {
    const { values, notes } = await read(lines('name,b,a', 'one,2,3', '"two, too",5,6'), 'a', 'b 1');
    expect(values).toEqual([
      [3, 6],
      [2, 5],
    ]);
    expect(notes).toMatch(/column name is not used/);
  });

  test('by place where the names say nothing, and that is said', async () => {
    const { values, notes } = await read(lines('p,q,r', '1,2,0', '3,4,1'), 'x 2', 'y label 2');
    expect(values).toEqual([
      [1, 2, 3, 4],
      [1, 0, 0, 1],
    ]);
    expect(notes).toMatch(/by place.*`x` p, q; `y` r/);
    expect((await read(lines('p,q', '1,2'), 'x 2')).notes).toBe('');
  });

  test('refused', async () => {
    expect(await refusal(lines('y,y,a', '1,1,1'), 'y', 'a')).toMatch(/names 2 columns `y`/);
    expect(await refusal(lines('a,b,y', '1,2,0'), 'x 4', 'y label 2')).toMatch(
      /3 columns \(a, b, y\), but x: \[4\], y: label\[2\] needs 5[\s\S]*x0 … x3, y/,
    );
    expect(await refusal(lines('a,b,c', '1,2,3'), 'x 2')).toMatch(/3 columns/);
  });
});

test('pictures in rows, the class before them, as Kaggle has MNIST', async () => {
  const text = lines('label,pixel0,pixel1,pixel2,pixel3', '1,0,51,102,255', '0,255,0,0,0');
  const { values } = await read(text, 'x image 2 2 1', 'y label 2');
  expect(values).toEqual([
    [-1, Math.fround(-0.6), Math.fround(-0.2), 1, 1, -1, -1, -1],
    [0, 1, 1, 0],
  ]);
});

describe('what is a header', () => {
  test.each<[string, number, string, number[]]>([
    ['words', 2, lines('a,b', '1,2'), [1, 2]],
    ['quoted words', 2, lines('"a, or so",b', '1,2'), [1, 2]],
    ['numbers 0 to n−1 over measurements', 2, lines('0,1', '0.5,2', '3,4'), [0.5, 2, 3, 4]],
    ['a number over measurements', 1, lines('0', '0.5', '2.5'), [0.5, 2.5]],
    ['a row of its own', 2, lines('0,1', '1,0', '0,0'), [0, 1, 1, 0, 0, 0]],
    ['a number like the others', 1, lines('0', '1', '2'), [0, 1, 2]],
    ['a remark of NumPy', 2, lines('# a,b', '1,2'), [1, 2]],
    ['remarks', 2, lines('# made yesterday', '# by me', '1,2'), [1, 2]],
    ['the names of R, one short', 2, lines('"a" "b"', '"1" 5 6', '"2" 7 8'), [5, 6, 7, 8]],
    ['true and false are numbers', 2, lines('True,False', 'false,TRUE'), [1, 0, 0, 1]],
    ['numbers in quotes', 2, lines('"1","2"', '"3","4"'), [1, 2, 3, 4]],
    ['a mark at the beginning', 2, `\ufeff${lines('a,b', '1,2')}`, [1, 2]],
    ['a mark before a number', 2, `\ufeff${lines('1,2')}`, [1, 2]],
  ])('%s', async (_, size, text, values) => {
    expect((await read(text, `x ${size}`)).values).toEqual([values]);
  });

  test('0 to 4, said', async () => {
    const { values, notes } = await read(lines('0,1,2,3,4', '1,2,3,4,5', '5,5,5,5,5'), 'x 5');
    expect(values).toEqual([[1, 2, 3, 4, 5, 5, 5, 5, 5, 5]]);
    expect(notes).toMatch(/row 1 is the header \(0, 1, 2, 3, 4\)/);
  });
  test('0 and 1 over bits may be an example, which is said', async () => {
    expect((await read(lines('0,1', '1,0', '0,0'), 'x 2')).notes).toMatch(
      /row 1 \(0, 1\) is taken for an example/,
    );
  });
  test('numbers and the name of the class', async () => {
    expect((await read(lines('0,1,label', '7,8,1'), 'x 2', 'y label 2')).values).toEqual([
      [7, 8],
      [0, 1],
    ]);
    expect((await read(lines('5,7,y', '7,8,1'), 'x 2', 'y label 2')).values).toEqual([
      [7, 8],
      [0, 1],
    ]);
  });
  test('not a row with a gap, nor one with a word among measurements', async () => {
    for (const gap of ['NA', '', 'nan', 'NULL', '?']) {
      expect(await refusal(lines(`1.5,${gap},2`, '1,2,3'), 'x 3'), gap).toMatch(
        /row 1, column 2: .* is not a number: a value is missing/,
      );
    }
    expect(await refusal(lines('5.1,3.5,setosa', '4.9,3.0,setosa'), 'x 2', 'y label 3')).toMatch(
      /row 1, column 3: "setosa" is not a number\n.*cat\.codes/,
    );
  });
});

describe('the index of the rows', () => {
  test.each<[string, string, string]>([
    ['pandas', lines(',a,b', '0,5.5,6', '1,7,8', '2,9,10'), 'no name: it is the index'],
    ['pandas, read and saved twice', lines('Unnamed: 0,a,b', '0,5.5,6', '1,7,8', '2,9,10'), 'no name'],
    ['pandas, filtered', lines(',a,b', '3,5.5,6', '17,7,8', '20,9,10'), 'no name'],
    ['pandas, without names of columns', lines(',0,1', '0,5.5,6', '1,7,8', '2,9,10'), 'no name'],
    ['pandas, names as index', lines(',a,b', 'one,5.5,6', 'two,7,8', 'three,9,10'), 'no name'],
    ['R', lines('"","a","b"', '"1",5.5,6', '"2",7,8', '"3",9,10'), 'no name'],
    ['named', lines('id,a,b', '1,5.5,6', '2,7,8', '3,9,10'), 'column 1, id, counts the rows'],
    ['without a header', lines('0,5.5,6', '1,7,8', '2,9,10'), 'column 1 counts the rows'],
  ])('%s: left out, and said', async (_, text, words) => {
    const { values, notes } = await read(text, 'x 2');
    expect(values).toEqual([[5.5, 6, 7, 8, 9, 10]]);
    expect(notes).toContain(words);
  });

  test('never trained on in silence', async () => {
    const index = lines(',a,b,c', '0,1,2,3', '1,4,5,6', '2,7,8,9');
    expect(await refusal(index, 'x 4')).toMatch(
      /3 columns \(a, b, c\) beside the index of its rows, but x: \[4\] needs 4\ndeclare 3 numbers; .* give it a name/,
    );
    const time = await read(lines('t,v', '0,5', '1,6', '2,7'), 'x 2');
    expect(time.values).toEqual([[0, 5, 1, 6, 2, 7]]);
    expect(time.notes).toMatch(/column 1, t, counts the rows, and is read as numbers of `x`.*leave it out/);
    expect((await read(lines('5', '6', '7'), 'x 1')).notes).toBe('');
  });
});

describe('separators', () => {
  test.each<[string, string]>([
    [';', lines('a;b;y', '1.5;2;0', '3;4;1')],
    ['tab', lines('a\tb\ty', '1.5\t2\t0', '3\t4\t1')],
    ['|', lines('a|b|y', '1.5|2|0', '3|4|1')],
    ['comma and space', lines('a, b, y', '1.5, 2, 0', '3, 4, 1')],
    ['Excel’s sep=', lines('sep=;', 'a;b;y', '1.5;2;0', '3;4;1')],
    ['spaces', lines('1.5e+00 2.0e+00  0', '3 4 1')],
    ['a quoted separator', lines('"a;b;c",b,y', '1.5,2,0', '3,4,1')],
    ['lines of Windows', '1.5;2;0\r\n3;4;1\r\n'],
    ['lines of old Macs', '1.5;2;0\r3;4;1'],
    ['blank lines', '\n\n1.5;2;0\n\n3;4;1\n\n'],
    ['a separator at the end of the rows', lines('1.5,2,0,', '3,4,1,')],
    ['a separator at the end, not of the header', lines('a,b,y', '1.5,2,0,', '3,4,1,')],
    ['a separator at the end, of the header too', lines('a,b,y,', '1.5,2,0,', '3,4,1,')],
    ['rows of empty cells, as Excel leaves them', '1.5;2;0\n3;4;1\n;;\n;;\n'],
  ])('%s', async (_, text) => {
    expect((await read(text, 'x 2', 'y label 2')).values).toEqual([
      [1.5, 2, 3, 4],
      [1, 0, 0, 1],
    ]);
  });

  test('answered in words', async () => {
    expect(await refusal(lines('a;b', '1,5;2', '2,5;3'), 'x 2')).toMatch(
      /row 2, column 1 \(a\): "1,5" is not a number: it has a comma[\s\S]*decimal point/,
    );
    expect(await refusal(lines('1,5;2', '2,5;3'), 'x 2')).toMatch(/row 1, column 1: "1,5".*comma/);
    expect(await refusal(lines('"1,234",2'), 'x 2')).toMatch(/row 1, column 1: "1,234".*comma/);
    expect(await refusal(lines('1,2', '1,5,2,5'), 'x 2')).toMatch(/row 2 has 4 cells[\s\S]*decimal commas/);
    const utf16 = Buffer.from('\ufeff1\t2\n3\t4\n', 'utf16le');
    expect(await refusal(utf16, 'x 2')).toMatch(/UTF-16[\s\S]*UTF-8/);
    expect(await refusal(utf16.subarray(2), 'x 2')).toMatch(/UTF-16/);
  });
});

describe('refused with the row and the column', () => {
  test.each<[string, string, RegExp]>([
    ['a word', lines('a,b', '1,2', '', '3,five'), /row 4, column 2 \(b\): "five" is not a number/],
    [
      'nothing',
      lines('1,2', '3,'),
      /row 2, column 2: nothing is not a number: a value is missing[\s\S]*dropna/,
    ],
    ['infinity', lines('1,2', '3,-inf'), /row 2, column 2: "-inf" is not finite/],
    ['too large', lines('1,2', '3,1e39'), /row 2, column 2: "1e39" is too large/],
    [
      'the header again',
      lines('a,b', '1,2', 'a,b', '3,4'),
      /row 3, column 1 \(a\): the header stands here again/,
    ],
    ['a short row', lines('a,b', '1,2', '3'), /row 3 has 1 cell, the header 2/],
    ['a long row', lines('1,2', '3,4,5'), /row 2 has 3 cells, the rows before 2/],
    ['a quote in a cell', lines('1,2', '3"5,4'), /row 2: a quote \("\) stands in the middle/],
    ['an open quote', lines('1,2', '"3,4'), /a quote \("\) opens and is never closed/],
    ['only a header', lines('a,b'), /holds no examples, only a header/],
    ['only blank lines', '\n\n \n', /holds no examples/],
  ])('%s', async (_, text, words) => {
    expect(await refusal(text, 'x 2')).toMatch(words);
  });

  test('a class that is none, by its row in the file', async () => {
    expect(await refusal(lines('a,y', '1,0', '', '2,3'), 'a', 'y label 3')).toMatch(
      /row 4 of .*t\.csv is of class 3/,
    );
  });

  test('far down, where the columns are long chosen', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${i / 2},${-i}`);
    rows[4321] = '1,NA';
    expect(await refusal(lines('a,b', ...rows), 'x 2')).toMatch(/row 4323, column 2 \(b\): "NA"/);
  });
});
