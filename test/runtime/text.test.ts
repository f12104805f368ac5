import { describe, expect, test } from 'vitest';
import { factLines } from '../../runtimes/core/run/facts.ts';
import type { ReadingSpec } from '../../runtimes/core/run/model.ts';
import { joined, symbolsOf, textsOf } from '../../runtimes/core/run/text.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { filesIn, scratchFolder } from './given.ts';

const folder = scratchFolder();
const { write } = filesIn(folder);
const text = (n: number, k: number): Declared[] => [{ name: 'x', type: { meaning: 'text', shape: [n, k] } }];
const open = (path: string, record: Declared[], reading: ReadingSpec = {}) =>
  openSource(path, record, { directory: folder, reading });
/** The examples as text again, and the file's alphabet. */
async function read(path: string, n: number, k: number, reading: ReadingSpec = {}) {
  const dataset = await open(path, text(n, k), reading);
  const [values] = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
  const symbols = symbolsOf({ meaning: 'text', shape: [n, k] }, dataset.alphabets).symbols!;
  return { texts: textsOf(values!, [n, k], symbols), symbols, values: [...values!], facts: dataset.facts! };
}
async function refused(path: string, record: Declared[], reading: ReadingSpec = {}) {
  const error = await open(path, record, reading).catch((e) => e);
  expect(error.name).toBe('UserError');
  return `${error.message.replaceAll(`${folder}/`, '')} | ${error.hint}`;
}

describe('lines', () => {
  const names = write('names.txt', '\uFEFFadab\r\nbé\n\nabcd\n');

  test('are one-hot, in the order of code points, and end with symbol 0', async () => {
    const { texts, symbols, values } = await read(names, 5, 6);
    expect(symbols).toEqual(['', 'a', 'b', 'c', 'd', 'é']);
    expect(texts).toEqual(['adab', 'bé', 'abcd']);
    // "bé" and three ends.
    const row = [2, 5, 0, 0, 0].flatMap((s) => Array.from({ length: 6 }, (_, i) => (i === s ? 1 : 0)));
    expect(values.slice(30, 60)).toEqual(row);
  });

  test('are said with their alphabet', async () => {
    const { facts } = await read(names, 5, 6);
    expect(factLines(['x'], facts)[0]!.replace(folder, '')).toBe(
      'x: 3 lines from /names.txt; 6 symbols: the end, then "abcdé"',
    );
    expect(facts.notices).toEqual([]);
  });

  test('that are too long are cut, which is said; symbols that never occur too', async () => {
    const { texts, facts } = await read(names, 3, 8);
    expect(texts).toEqual(['ada', 'bé', 'abc']);
    expect(facts.notices.map((n) => `${n.message} ${n.hint}`.replaceAll(`${folder}/`, ''))).toEqual([
      '2 lines of names.txt are longer than 3 characters and are cut; the longest, line 1, has 4 declare text[4, 8] to keep all of it',
      '`x` is declared text[3, 8], and the last 2 of its symbols never occur declare text[3, 6]',
    ]);
  });

  test('a character is a code point: no half of one is learnt', async () => {
    const { texts, symbols } = await read(write('faces.txt', '😀a😀\n'), 3, 4);
    expect(symbols).toEqual(['', 'a', '😀']);
    expect(texts).toEqual(['😀a😀']);
  });

  test('of two parts have one alphabet', async () => {
    const path = write('ten.txt', 'abcdefghij'.split('').join('\n'));
    const [a, b] = [await read(path, 1, 11, { part: [0, 0.5] }), await read(path, 1, 11, { part: [0.5, 1] })];
    expect(a.symbols).toEqual(b.symbols);
    expect([...a.texts, ...b.texts].sort().join('')).toBe('abcdefghij');
    expect(a.texts.length).toBe(5);
  });

  test('controls in a file do not reach the terminal', async () => {
    const { facts } = await read(write('orders.txt', 'a\u001B[2Jb\u202Ec\n'), 8, 9);
    const said = factLines(['x'], facts).join('\n');
    expect(said).toContain('\\u{1b}');
    for (const control of ['\u001B', '\u202E']) expect(said).not.toContain(control);
  });
});

describe('windows', () => {
  const path = write('play.txt', 'to be\nor not\n');

  test('go over the ends of lines', async () => {
    const { texts, symbols, facts } = await read(path, 7, 9, { stride: 3 });
    expect(symbols).toEqual(['', '\n', ' ', 'b', 'e', 'n', 'o', 'r', 't']);
    expect(texts).toEqual(['to be\no', 'be\nor n', 'or not\n']);
    expect(facts.how[0]).toBe('7 characters each, one every 3 characters of 13');
  });

  test('of two parts share no character', async () => {
    const first = await read(path, 3, 9, { stride: 1, part: [0, 0.5] });
    const second = await read(path, 3, 9, { stride: 1, part: [0.5, 1] });
    expect(first.texts).toEqual(['to ', 'o b', ' be', 'be\n']);
    expect(second.texts).toEqual(['or ', 'r n', ' no', 'not', 'ot\n']);
  });

  test('of two files for two fields are cut once', async () => {
    const both = `${write('one.txt', 'abcabc')},${write('two.txt', 'xyzxyz')}`;
    const record = [...text(4, 4), { ...text(4, 4)[0]!, name: 'y' }];
    const dataset = await open(both, record, { stride: 2, part: [0, 1] });
    const [x, y] = await dataset.read([0, 1]);
    const [first, second] = dataset.alphabets!;
    expect(textsOf(x!, [4, 4], first!.symbols)).toEqual(['abca', 'cabc']);
    expect(textsOf(y!, [4, 4], second!.symbols)).toEqual(['xyzx', 'zxyz']);
  });

  test('are refused where there are none', async () => {
    expect(await refused(path, text(20, 9), { stride: 1 })).toContain(
      'play.txt has 13 characters, fewer than the 20 of a window of `x`',
    );
    expect(await refused(path, text(5, 9), { stride: 1, part: [0, 0.2] })).toContain('in part 0 to 0.2');
  });
});

describe('refused', () => {
  test('an alphabet that is too small, with the one that would do', async () => {
    expect(await refused(write('abc.txt', 'abc\n'), text(3, 3))).toBe(
      'abc.txt has 3 different characters and the end of a line, but `x` is declared text[3, 3] | declare text[3, 4], or leave rare characters out of the file',
    );
  });

  test('what is no text in UTF-8, with the line', async () => {
    expect(await refused(write('latin.txt', Buffer.from([97, 10, 98, 10, 0xe9, 10])), text(3, 9))).toContain(
      'latin.txt, line 3: this is no text in UTF-8',
    );
    expect(await refused(write('wide.txt', Buffer.from('a\0b\0')), text(3, 9))).toContain('byte 1 is zero');
  });

  test('no lines, a folder, a class that text does not give', async () => {
    expect(await refused(write('blank.txt', '\n\n'), text(3, 9))).toContain(
      'blank.txt holds no line of text',
    );
    expect(await refused(folder, text(3, 9))).toContain('is a folder, and `x` is declared text[3, 9]');
    const labelled: Declared[] = [...text(3, 9), { name: 'c', type: { meaning: 'label', shape: [2] } }];
    expect(await refused(write('abcd.txt', 'abcd\n'), labelled)).toContain('nothing for `c`');
  });
});

describe('the way back', () => {
  test('takes the largest at each place, up to the end', () => {
    const values = Float32Array.from([0.1, 0.7, 0.2, 0.3, 0.3, 0.4, 0.9, 0, 0.1, 0, 1, 0]);
    expect(textsOf(values, [4, 3], ['', 'a', 'b'])).toEqual(['ab']);
    expect(textsOf(values, [4, 3], ['', 'a'])).toEqual(['a\uFFFD']);
    expect(textsOf(values, [4, 3], null)).toEqual(['1 2 0 1']);
    expect(joined(['a', 'b'])).toBe('a\nb\n');
    expect(joined(['a\nb', 'c'])).toBe('a\nb\n────────\nc\n');
  });
});
