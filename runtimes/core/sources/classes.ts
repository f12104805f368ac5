/**
 * Classes are the sub-folders of a folder, in natural order: numbers in names count as numbers, so that 2 comes before
 * 10. What is hidden is left out.
 */
import { UserError } from '../errors.ts';
import { type ClassFacts, listed, type Notice } from '../run/facts.ts';
import { type Declared, typeText } from './declared.ts';
import { nameIn } from './place.ts';
import type { RawField } from './raw.ts';

export interface Files {
  files: string[];
  /** For each file its sub-folder, as an index into `names`; null where not all lie in sub-folders. */
  folders: number[] | null;
  /** Sub-folders in natural order. */
  names: string[];
  /** Hidden folders and files, below the folder. */
  hidden: string[];
}

/** Natural order of names: runs of digits by their number, all else by code unit. The same on every machine. */
export function natural(a: string, b: string): number {
  const [as, bs] = [pieces(a), pieces(b)];
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    const [x, y] = [as[i]!, bs[i]!];
    if (x === y) continue;
    const [p, q] = [trimmed(x), trimmed(y)];
    if (/^\d/.test(x) && /^\d/.test(y) && p !== q) return p.length - q.length || (p < q ? -1 : 1);
    if (p !== q) return x < y ? -1 : 1;
  }
  return as.length - bs.length || (a < b ? -1 : a > b ? 1 : 0);
}

const pieces = (s: string): string[] => s.match(/\d+|\D+/g) ?? [];
const trimmed = (digits: string) => digits.replace(/^0+(?=\d)/, '');

/** Parts of a path below a folder. */
function below(folder: string, path: string): string[] {
  return path
    .slice(folder.length)
    .split(/[\\/]/)
    .filter((p) => p !== '');
}

/** Files of a kind among those in a folder and below it, in an order that does not depend on the machine. */
export function filesOf(folder: string, all: readonly string[], kind: RegExp): Files {
  const hidden = new Set<string>();
  const files = all
    .filter((path) => kind.test(path))
    .filter((path) => {
      const parts = below(folder, path);
      const at = parts.findIndex((p) => p.startsWith('.') || p === '__MACOSX');
      if (at < 0) return true;
      hidden.add(parts.slice(0, at + 1).join('/') + (at < parts.length - 1 ? '/' : ''));
      return false;
    })
    .sort((a, b) => (a < b ? -1 : 1));
  const tops = files.map((file) => {
    const parts = below(folder, file);
    return parts.length > 1 ? parts[0]! : null;
  });
  const names = [...new Set(tops.filter((t) => t !== null))].sort(natural);
  const order = new Map(names.map((name, i) => [name, i]));
  const folders = names.length > 0 && !tops.includes(null) ? tops.map((t) => order.get(t!)!) : null;
  return { files, folders, names, hidden: [...hidden].sort(natural) };
}

/** Paths below the folder without their endings: what files of a record share. */
export function keysOf(folder: string, files: readonly string[]): string[] {
  return files.map((file) =>
    below(folder, file)
      .join('/')
      .replace(/\.[^./]*$/, ''),
  );
}

export interface Classes {
  /** The field of classes; `file`: which file an example is of. */
  field(file: (index: number) => number): RawField;
  notices: Notice[];
}

/** The classes of a folder's files for the record's label; null where the record has none. */
export function classesOf(origin: string, found: Files, record: readonly Declared[]): Classes | null {
  const label = record.find((d) => d.type.meaning === 'label');
  if (label === undefined) return null;
  const { folders, names } = found;
  if (folders === null) {
    const stray = found.files.find((f) => below(origin, f).length === 1);
    throw new UserError(
      names.length === 0 || stray === undefined
        ? `${origin} gives no classes for \`${label.name}\`: its files do not lie in sub-folders`
        : `${origin} gives no classes for \`${label.name}\`: ${nameIn(stray)} does not lie in a sub-folder`,
      { hint: 'a class is a sub-folder: put each file into the one of its class' },
    );
  }
  const declared = label.type.shape[0] ?? 1;
  if (names.length > declared) {
    throw new UserError(
      `${origin} has ${names.length} classes (${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}), but \`${label.name}\` is declared ${typeText(label.type)}`,
      { hint: `declare label[${names.length}], or give fewer folders` },
    );
  }
  const numbers = numbersOf(names, declared);
  const classes = numbers?.classes ?? names.map((_, i) => i);
  const all = Array.from({ length: declared }, (_, i) =>
    numbers === null ? noFolder(i) : String(i + numbers.base),
  );
  names.forEach((name, i) => {
    all[classes[i]!] = name;
  });
  return {
    field: fieldOf(
      folders.map((f) => classes[f]!),
      all,
    ),
    notices: numbers === null ? byOrder(label, names) : numbers.base === 0 ? [] : [fromOne(label, all)],
  };
}

/** What stands for the name of a class without a folder; the number alone may be the name of another one. */
const noFolder = (i: number) => `no folder for class ${i}`;

function fromOne(label: Declared, all: readonly string[]): Notice {
  return {
    message: `the folders are counted from 1: folder ${all[0]} is class 0 of \`${label.name}\`, folder ${all.at(-1)} is class ${all.length - 1}`,
    hint: null,
  };
}

/** Folders of which some are named by numbers that are not their classes: then it is said which class each one is. */
function byOrder(label: Declared, names: readonly string[]): Notice[] {
  const numbered = names.map((name) => /^\d+$/.test(name));
  if (!names.some((name, i) => numbered[i] && Number(name) !== i)) return [];
  const most = Math.max(...names.map(Number));
  const distinct = new Set(names.map(Number)).size === names.length;
  return [
    {
      message: `the folders are classes of \`${label.name}\` in the order of their names: ${listed(
        names.map((name, i) => `folder ${name} is class ${i}`),
        20,
      )}`,
      hint:
        distinct && most < 10_000
          ? `declare label[${most + 1}] to keep their numbers`
          : 'name each folder by the number of its class, from 0, to choose another order',
    },
  ];
}

function fieldOf(classes: readonly number[], names: readonly string[]): Classes['field'] {
  return (file) => ({
    name: null,
    shape: [],
    content: 'class',
    names,
    read(index, out, at) {
      out[at] = classes[file(index)]!;
    },
  });
}

/** Folders that are all named by numbers are the classes of these numbers, counted from 0 or from 1. */
function numbersOf(names: readonly string[], declared: number): { base: number; classes: number[] } | null {
  if (!names.every((name) => /^\d{1,9}$/.test(name))) return null;
  const numbers = names.map(Number);
  if (new Set(numbers).size < numbers.length) return null;
  const most = Math.max(...numbers);
  const base = most < declared ? 0 : 1;
  if (most - base >= declared || Math.min(...numbers) < base) return null;
  return { base, classes: numbers.map((n) => n - base) };
}

/** Classes that are declared, and of which there is no example. `folders`: the classes have the names of folders. */
export function missingClasses(label: Declared, classes: readonly ClassFacts[], folders: boolean): Notice[] {
  const empty = classes.flatMap(({ name, count }, i) => (count === 0 ? [{ name, i }] : []));
  if (empty.length === 0) return [];
  const one = empty.length === 1;
  const words = empty.map(({ name, i }) =>
    folders ? (name === noFolder(i) ? `a folder for class ${i}` : `folder ${name} (class ${i})`) : name,
  );
  const few = words.slice(0, 10).join(', ') + (words.length > 10 ? `, … (${words.length} in all)` : '');
  return [
    {
      message: `\`${label.name}\` is declared ${typeText(label.type)}, and ${
        folders
          ? `${few} ${one ? 'is' : 'are'} missing or empty`
          : `of ${one ? 'class' : 'classes'} ${few} there is no example`
      }`,
      hint: 'a model learns nothing of a class that it never sees: give examples, or declare fewer classes',
    },
  ];
}
