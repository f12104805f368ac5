/** Text files: one example a line, or windows of characters cut from the whole text. */
import { UserError } from '../errors.ts';
import { counted, type Notice, number } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { cut, visible } from '../visible.ts';
import { type Declared, typeText } from './declared.ts';
import type { Bytes } from './place.ts';
import type { RawSource } from './raw.ts';
import { bounds, emptyPart } from './select.ts';

/** Held in memory as text and as numbers. */
const MOST = 256 * 2 ** 20;
/** Characters of the alphabet that are shown. */
const SHOWN = 120;

export const isText = (d: Declared): boolean => d.type.meaning === 'text';

/** The whole alphabet is that of the file, whichever part is read. */
export async function openText(
  bytes: Bytes,
  record: readonly Declared[],
  reading: ReadingSpec,
): Promise<RawSource> {
  const { path } = bytes;
  const declared = record.find(isText)!;
  const other = record.find((d) => d !== declared);
  if (other !== undefined) {
    throw new UserError(
      `${path} is text, which gives \`${declared.name}\` alone and nothing for \`${other.name}\``,
      {
        hint: 'give a source for each field, with commas between: names.txt,classes.npy',
      },
    );
  }
  const text = await decoded(bytes);
  await bytes.close();
  const [length = 1, size = 1] = declared.type.shape;
  return reading.stride === undefined
    ? lines(path, text, declared, length, size)
    : windows(path, text, declared, length, size, reading);
}

/** With `\n` at the ends of lines, and without a mark at the beginning. */
async function decoded(bytes: Bytes): Promise<string> {
  const { path, size } = bytes;
  if (size > MOST) {
    throw new UserError(
      `${path} has ${Math.round(size / 2 ** 20)} MiB, and text is read up to ${MOST / 2 ** 20} MiB`,
      {
        hint: 'give a part of it: head -c 200M',
      },
    );
  }
  const data = await bytes.read(0, size);
  if (data.includes(0)) {
    throw new UserError(`${path} is no text in UTF-8: byte ${data.indexOf(0)} is zero`, {
      hint: 'text of another kind is turned into it: iconv -f UTF-16 -t UTF-8 OLD.txt > NEW.txt',
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data).replace(/\r\n?/g, '\n');
  } catch {
    throw new UserError(`${path}, line ${firstWrong(data)}: this is no text in UTF-8`, {
      hint: 'in a terminal: iconv -f LATIN1 -t UTF-8 OLD.txt > NEW.txt',
    });
  }
}

/** The line, from 1, of the first byte that is not UTF-8. */
function firstWrong(data: Uint8Array): number {
  let line = 1;
  let from = 0;
  for (let at = 0; at <= data.length; at++) {
    if (at < data.length && data[at] !== 10) continue;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(from, at));
    } catch {
      return line;
    }
    from = at + 1;
    line++;
  }
  return line;
}

/** Symbols in the order of their code points, after the empty one that ends a line. */
function symbolsOf(path: string, characters: Iterable<string>, declared: Declared, size: number): string[] {
  const found = new Set<string>();
  for (const c of characters) found.add(c);
  const symbols = ['', ...[...found].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)];
  if (symbols.length <= size) return symbols;
  throw new UserError(
    `${path} has ${number(symbols.length - 1)} different characters and the end of a line, but \`${declared.name}\` is declared ${typeText(declared.type)}`,
    {
      hint: `declare text[${declared.type.shape[0]}, ${symbols.length}], or leave rare characters out of the file`,
    },
  );
}

/** `54 symbols: the end, then " 'abc"`. */
function alphabetWords(symbols: readonly string[]): string {
  const all = symbols.slice(1).join('');
  const shown = cut(all, SHOWN);
  return `${counted(symbols.length, 'symbol')}: the end, then "${visible(shown)}${shown.length < all.length ? '…' : ''}"`;
}

function unusedNotice(declared: Declared, symbols: readonly string[], size: number): Notice[] {
  if (symbols.length === size) return [];
  return [
    {
      message: `\`${declared.name}\` is declared ${typeText(declared.type)}, and the last ${size - symbols.length} of its symbols never occur`,
      hint: `declare text[${declared.type.shape[0]}, ${symbols.length}]`,
    },
  ];
}

function lines(path: string, text: string, declared: Declared, length: number, size: number): RawSource {
  const numbers: number[] = [];
  const kept: string[][] = [];
  text.split('\n').forEach((line, i) => {
    if (line === '') return;
    numbers.push(i + 1);
    kept.push([...line]);
  });
  if (kept.length === 0) throw new UserError(`${path} holds no line of text`);
  const symbols = symbolsOf(path, characters(kept), declared, size);
  const index = new Map(symbols.map((symbol, i) => [symbol, i]));
  const starts = new Uint32Array(kept.length + 1);
  for (const [i, line] of kept.entries()) starts[i + 1] = starts[i]! + Math.min(length, line.length);
  const codes = new Uint32Array(starts[kept.length]!);
  for (const [i, line] of kept.entries()) {
    for (let k = 0; k < starts[i + 1]! - starts[i]!; k++) codes[starts[i]! + k] = index.get(line[k]!)!;
  }
  const longest = kept.reduce((a, line, i) => (line.length > kept[a]!.length ? i : a), 0);
  const long = kept.filter((line) => line.length > length).length;
  const notices: Notice[] =
    long === 0
      ? []
      : [
          {
            message: `${counted(long, 'line')} of ${path} ${long === 1 ? 'is' : 'are'} longer than ${counted(length, 'character')} and ${long === 1 ? 'is' : 'are'} cut; the longest, line ${numbers[longest]}, has ${number(kept[longest]!.length)}`,
            hint: `declare text[${kept[longest]!.length}, ${size}] to keep all of it`,
          },
        ];
  return {
    origin: path,
    count: kept.length,
    fields: [field(declared, symbols, (i) => codes.subarray(starts[i]!, starts[i + 1]!))],
    example: (i) => `line ${numbers[i]} of ${path}`,
    facts: {
      unit: ['line', 'lines'],
      how: [alphabetWords(symbols)],
      notices: [...notices, ...unusedNotice(declared, symbols, size)],
    },
  };
}

function* characters(texts: readonly (readonly string[])[]): Generator<string> {
  for (const text of texts) yield* text;
}

/** Windows of the whole text, ends of lines included, every `stride` characters; a part is a stretch of it. */
function windows(
  path: string,
  text: string,
  declared: Declared,
  length: number,
  size: number,
  { stride = 1, part }: ReadingSpec,
): RawSource {
  const symbols = symbolsOf(path, text, declared, size);
  const index = new Map(symbols.map((symbol, i) => [symbol, i]));
  const whole = Uint32Array.from(text, (c) => index.get(c)!);
  const [from, to] = part === undefined ? [0, whole.length] : bounds(part, whole.length);
  if (part !== undefined && from === to) throw emptyPart(path, part, whole.length, 'characters');
  const codes = whole.subarray(from, to);
  if (codes.length < length) {
    throw new UserError(
      `${path} has ${counted(codes.length, 'character')}${part === undefined ? '' : ` in part ${part[0]} to ${part[1]}`}, fewer than the ${number(length)} of a window of \`${declared.name}\``,
      { hint: 'declare shorter windows, or give a longer text' },
    );
  }
  return {
    origin: path,
    count: Math.floor((codes.length - length) / stride) + 1,
    fields: [field(declared, symbols, (i) => codes.subarray(i * stride, i * stride + length))],
    clips: true,
    parted: true,
    example: (i) => `the window from character ${from + i * stride} of ${path}`,
    facts: {
      unit: ['window', 'windows'],
      how: [
        `${counted(length, 'character')} each, one every ${counted(stride, 'character')} of ${number(whole.length)}`,
        ...(part === undefined ? [] : [`part ${part[0]} to ${part[1]} in order`]),
        alphabetWords(symbols),
      ],
      notices: unusedNotice(declared, symbols, size),
    },
  };
}

function field(
  declared: Declared,
  symbols: readonly string[],
  codes: (index: number) => Uint32Array,
): RawSource['fields'][number] {
  const [length = 1, size = 1] = declared.type.shape;
  return {
    name: null,
    shape: [length, size],
    content: 'numbers',
    symbols,
    read(index, out, at) {
      const row = codes(index);
      out.fill(0, at, at + length * size);
      // What is left of a short line is the end, symbol 0.
      for (let i = 0; i < length; i++) out[at + i * size + (row[i] ?? 0)] = 1;
    },
  };
}
