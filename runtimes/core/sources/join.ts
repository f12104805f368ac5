/**
 * Records over several folders: files of one stem belong together (`photos/07.png` and `maps/07.png`). Where one is
 * missing or broken, the whole record is left out and named.
 */
import { UserError } from '../errors.ts';
import { type DataFacts, listed, type Notice, type Skipped } from '../run/facts.ts';
import { nameIn } from './place.ts';
import type { RawSource } from './raw.ts';
import { chosen, fieldAt } from './select.ts';

/** What was done already where one of the sources was opened, and is not done again with all of them. */
export function heeded(sources: readonly RawSource[]): Pick<RawSource, 'clips' | 'parted'> {
  return { clips: sources.some((s) => s.clips === true), parted: sources.some((s) => s.parted === true) };
}

/** How sources were read, each way once. */
export function howOf(sources: readonly RawSource[]): string[] {
  return [...new Set(sources.flatMap((s) => s.facts?.how ?? []))];
}

/** The examples at these places of sources, their fields side by side. */
function view(
  parts: readonly { source: RawSource; at: Int32Array }[],
  all: Omit<RawSource, 'fields' | 'count' | 'close'>,
): RawSource {
  const rates = parts.flatMap(({ source }) => source.sampleRate ?? []);
  return {
    ...all,
    count: parts[0]!.at.length,
    fields: parts.flatMap(({ source, at }) => source.fields.map((field) => fieldAt(field, at))),
    ...(rates[0] === undefined ? {} : { sampleRate: rates[0] }),
    ...groupOf(parts[0]!),
    ...heeded(parts.map(({ source }) => source)),
    close: async () => {
      for (const { source } of parts) await source.close?.();
    },
  };
}

/** Examples stay together as those of the first source. */
function groupOf({ source: { group }, at }: { source: RawSource; at: Int32Array }): Pick<RawSource, 'group'> {
  return group === undefined ? {} : { group: (i) => group(at[i]!) };
}

/** At most so many broken files are left out: more are a fault of the whole set. */
export function limitOf(files: number): number {
  return Math.max(10, Math.floor(files / 100));
}

/** The files that cannot be read, by their place. Throws where they are too many. */
function brokenOf({ origin, broken = new Map(), paths = [], count }: RawSource): Map<number, Skipped> {
  const limit = limitOf(count);
  const out = new Map(
    [...broken].sort(([a], [b]) => a - b).map(([i, why]) => [i, { what: paths[i] ?? `example ${i}`, why }]),
  );
  if (out.size > limit || out.size === count) {
    const lines = [...out.values()].slice(0, 10).map(({ what, why }) => `  ${what}: ${why}`);
    if (out.size > 10) lines.push(`  … and ${out.size - 10} more`);
    const most = out.size > limit ? ` (at most ${limit} are skipped)` : '';
    throw new UserError(
      `${out.size} of ${count} files of ${origin} cannot be read${most}:\n${lines.join('\n')}`,
    );
  }
  return out;
}

/** The source without its broken files. */
export function withoutBroken(source: RawSource): RawSource {
  const broken = brokenOf(source);
  if (broken.size === 0) return source;
  const at = Int32Array.from({ length: source.count }, (_, i) => i).filter((i) => !broken.has(i));
  const whole = chosen(source, at);
  return {
    ...whole,
    facts: { ...source.facts, skipped: [...(source.facts?.skipped ?? []), ...broken.values()] },
  };
}

/** One source of several, each of which holds one field of the record. */
export function join(sources: readonly RawSource[]): RawSource {
  const files = sources.filter((s) => s.keys !== undefined);
  const arrays = sources.filter((s) => s.keys === undefined);
  const { order, skipped, notices } =
    files.length > 1
      ? byStem(files)
      : { order: [Int32Array.from({ length: files[0]?.count ?? 0 }, (_, i) => i)], skipped: [], notices: [] };
  const [first] = files;
  for (const array of arrays) {
    if (first === undefined || array.count === first.count) continue;
    throw new UserError(
      `${first.origin} holds ${first.count} files and ${array.origin} ${array.count} examples: they cannot be joined`,
      { hint: 'a file of numbers goes with the files of a folder in the order of their names, one a file' },
    );
  }
  const parts = sources.map((source) => {
    const at = order[files.indexOf(source)] ?? order[0]!;
    return { source, at, broken: brokenOf(source) };
  });
  const kept: number[] = [];
  for (let i = 0; i < order[0]!.length; i++) {
    const broken = parts.flatMap((p) => p.broken.get(p.at[i]!) ?? []);
    if (broken.length === 0) kept.push(i);
    else skipped.push(...broken);
  }
  const origin = sources.map((s) => s.origin).join(', ');
  if (kept.length === 0) throw new UserError(`every record of ${origin} has a broken file`);
  const facts: DataFacts['notices'] = sources.flatMap((s) => s.facts?.notices ?? []);
  return view(
    parts.map(({ source, at }) => ({ source, at: Int32Array.from(kept, (i) => at[i]!) })),
    {
      origin,
      paths: kept.map((i) =>
        parts.map(({ source, at }) => source.paths?.[at[i]!] ?? source.origin).join(', '),
      ),
      facts: {
        unit: sources.length === 2 && files.length === 2 ? ['pair', 'pairs'] : ['record', 'records'],
        how: howOf(sources),
        skipped: [...sources.flatMap((s) => s.facts?.skipped ?? []), ...skipped],
        crop: sources.reduce<DataFacts['crop']>((a, s) => together(a, s.facts?.crop ?? null), null),
        sound: sources.map((s) => s.facts?.sound ?? null).find((s) => s !== null) ?? null,
        hidden: sources.flatMap((s) => (s.facts?.hidden ?? []).map((h) => `${s.origin}/${h}`)),
        notices: [...facts, ...notices],
      },
    },
  );
}

function together(a: DataFacts['crop'], b: DataFacts['crop']): DataFacts['crop'] {
  if (a === null || b === null) return a ?? b;
  const of = a.of + b.of;
  return {
    mean: (a.mean * a.of + b.mean * b.of) / of,
    least: Math.min(a.least, b.least),
    most: Math.max(a.most, b.most),
    of,
  };
}

interface Joined {
  /** For each source the places of the examples that belong together. */
  order: Int32Array[];
  skipped: Skipped[];
  notices: Notice[];
}

type Index = ReadonlyMap<string, number>;

/** In the order of the first source. Stems are compared as they are, or as numbers where then none is left over. */
function byStem(sources: readonly RawSource[]): Joined {
  const paths = sources.map((s) => s.keys!);
  const bare = paths.map((keys) => keys.map(nameIn));
  // `cats/1` and `dogs/1` are two: then the folders count.
  const keys = bare.every((names) => new Set(names).size === names.length) ? bare : paths;
  const exact = sources.map((source, i) => indexOf(source, keys[i]!));
  const numbers = keys.map((names) => new Map(names.map((name, i) => [asNumbers(name), i])));
  const distinct = numbers.every((index, i) => index.size === keys[i]!.length);
  const [chosen, spoken] =
    !agree(exact) && distinct && agree(numbers) ? [numbers, keys[0]!.map(asNumbers)] : [exact, keys[0]!];
  const shared = spoken.filter((key) => chosen.every((index) => index.has(key)));
  if (shared.length === 0) throw nothingShared(sources, keys);
  const skipped = leftOver(sources, keys, chosen, chosen === numbers ? asNumbers : (key) => key);
  return {
    order: chosen.map((index) => Int32Array.from(shared, (key) => index.get(key)!)),
    skipped,
    notices: chosen === exact && distinct ? asNumbersNotice(numbers, shared.length) : [],
  };
}

/** Runs of digits without zeros before them: `img_007` and `img_7` are alike. */
const asNumbers = (key: string) => key.replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, ''));

function indexOf(source: RawSource, keys: readonly string[]): Index {
  const index = new Map<string, number>();
  keys.forEach((key, i) => {
    const other = index.get(key);
    if (other !== undefined) {
      throw new UserError(
        `${source.paths?.[other]} and ${source.paths?.[i]} have the same name, so it is not clear which of them belongs to the record`,
        { hint: 'leave one of them in the folder' },
      );
    }
    index.set(key, i);
  });
  return index;
}

function agree([first, ...others]: readonly Index[]): boolean {
  return others.every((o) => o.size === first!.size && [...o.keys()].every((key) => first!.has(key)));
}

/** What has no partner in every folder. */
function leftOver(
  sources: readonly RawSource[],
  keys: readonly (readonly string[])[],
  chosen: readonly Index[],
  spoken: (key: string) => string,
): Skipped[] {
  const out: Skipped[] = [];
  const seen = new Set<string>();
  for (const names of keys) {
    for (const name of names) {
      const key = spoken(name);
      const missing = sources.filter((_, i) => !chosen[i]!.has(key));
      if (missing.length === 0 || seen.has(key)) continue;
      seen.add(key);
      out.push({ what: name, why: `not in ${missing.map((s) => s.origin).join(', ')}` });
    }
  }
  return out;
}

/** Names that would agree more often as numbers: worth a word. */
function asNumbersNotice(numbers: readonly Index[], found: number): Notice[] {
  const [first, ...others] = numbers;
  const shared = [...first!.keys()].filter((key) => others.every((o) => o.has(key))).length;
  if (shared <= found) return [];
  return [
    {
      message: `${found} records agree by the names of their files; as numbers (7 for 007) ${shared} would`,
      hint: 'name them alike in every folder; numbers are compared as numbers only where then no file is left over',
    },
  ];
}

function nothingShared(sources: readonly RawSource[], keys: readonly (readonly string[])[]): UserError {
  const examples = sources.map((s, i) => `${s.origin} holds ${listed(keys[i]!, 3)}`);
  return new UserError(`no file has a partner of the same name: ${examples.join('; ')}`, {
    hint: 'files of one record have the same name in each folder, whatever their ending',
  });
}
