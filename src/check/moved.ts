/** Moves what was worked out for a text to where the same text stands now: the same values with other spans. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Attrs } from '../ir/types.ts';
import type { Term } from '../model/model.ts';

/** A declaration's place in its file, by its text. */
export interface Placed {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Layout {
  readonly span: Span;
  readonly arguments: ReadonlyMap<string, Span>;
}

/** What is noted of terms for repairs, once for each. */
export interface Notes {
  /** Attributes as written, before the record's `resolve`. */
  readonly written: WeakMap<Term, Attrs>;
  /** Where stages that stand for themselves (in no def or `each`) and their arguments are written. */
  readonly layouts: WeakMap<Term, Layout>;
}

/** A declaration as it stood, and by how much it moved; null: it is gone. */
interface Shift {
  readonly start: number;
  readonly end: number;
  readonly by: number | null;
}

export interface Moves {
  readonly files: ReadonlyMap<string, readonly Shift[]>;
  /** What was moved already: one object is moved to one object. */
  readonly done: Map<object, object>;
}

export function movesBetween(
  before: ReadonlyMap<string, readonly Placed[]>,
  now: ReadonlyMap<string, readonly Placed[]>,
): Moves {
  const files = new Map<string, Shift[]>();
  for (const [path, declarations] of before) {
    const places = new Map<string, number[]>();
    for (const { text, start } of now.get(path) ?? []) places.set(text, [...(places.get(text) ?? []), start]);
    files.set(
      path,
      declarations.map(({ start, end, text }) => {
        // Of equal texts the first stays the first.
        const at = places.get(text)?.shift();
        return { start, end, by: at === undefined ? null : at - start };
      }),
    );
  }
  return { files, done: new Map() };
}

/** The value with its spans where their text stands now; undefined where some of that text is gone. */
export function moved<T extends object>(value: T, moves: Moves, notes: Notes): T | undefined {
  const { done } = moves;
  // A stack instead of recursion: a net may have ten thousand layers.
  const open = new Set<object>();
  const rest: object[] = [value];
  for (let top = rest.at(-1); top; top = rest.at(-1)) {
    if (done.has(top)) {
      rest.pop();
      continue;
    }
    if (!open.has(top)) {
      open.add(top);
      for (const part of partsOf(top))
        if (isObject(part) && !done.has(part) && !open.has(part)) rest.push(part);
      continue;
    }
    rest.pop();
    const now = isSpan(top) ? movedSpan(top, moves) : rebuilt(top, done);
    if (!now) return undefined;
    done.set(top, now);
    if (now !== top) noteAgain(top, now, moves, notes);
  }
  return done.get(value) as T;
}

function noteAgain(from: object, to: object, moves: Moves, { written, layouts }: Notes): void {
  const [attrs, layout] = [written.get(from as Term), layouts.get(from as Term)];
  if (attrs) written.set(to as Term, attrs);
  if (!layout) return;
  const span = movedSpan(layout.span, moves);
  const places = [...layout.arguments].map(([name, at]) => [name, movedSpan(at, moves)] as const);
  if (!span || places.some(([, at]) => !at)) return;
  layouts.set(to as Term, { span, arguments: new Map(places as [string, Span][]) });
}

function isObject(part: unknown): part is object {
  return typeof part === 'object' && part !== null && !ArrayBuffer.isView(part);
}

function isSpan(object: object): object is Span {
  return 'file' in object && 'start' in object && 'end' in object;
}

function movedSpan(span: Span, { files }: Moves): Span | undefined {
  const shifts = files.get(span.file);
  if (!shifts) return span;
  let [low, high] = [0, shifts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shifts[middle]!.start <= span.start) low = middle + 1;
    else high = middle;
  }
  const by = shifts[low - 1]?.by ?? null;
  if (by === null || span.end > shifts[low - 1]!.end) return undefined;
  return by === 0 ? span : { ...span, start: span.start + by, end: span.end + by };
}

function partsOf(object: object): Iterable<unknown> {
  if (isSpan(object) || object instanceof Set) return [];
  return object instanceof Map ? object.values() : Object.values(object);
}

/** The object with its parts moved; the object itself where none of them did. Undefined for what cannot be copied. */
function rebuilt(object: object, done: ReadonlyMap<object, object>): object | undefined {
  const now = (part: unknown): unknown => (isObject(part) ? done.get(part) : part);
  const parts = [...partsOf(object)];
  if (parts.every((part) => now(part) === part)) return object;
  if (Array.isArray(object)) return object.map(now);
  if (object instanceof Map) return new Map([...object].map(([key, part]) => [key, now(part)]));
  if (Object.getPrototypeOf(object) !== Object.prototype) return undefined;
  return Object.fromEntries(Object.entries(object).map(([key, part]) => [key, now(part)]));
}
