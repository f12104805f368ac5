/**
 * What an earlier check of the same files has worked out, and how much of it still holds after an edit. The unit is a
 * declaration: the value of a `param`, source, state, `let`, loss, metric or output, and a net's body under one signature. A unit
 * holds while its own text and all that it uses are as they were. Its places in the text may have moved: it is moved along.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { NetCall } from '../model/model.ts';
import type { Resolution } from '../names/resolution.ts';
import { type Declared, type Module, namesOf, type Program } from '../names/scope.ts';
import type { Declaration } from '../syntax/ast.ts';
import { type Moves, moved, movesBetween, type Notes, type Placed } from './moved.ts';

/** What the evaluation of a declaration gave, and all that it did besides. */
export interface Unit {
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  readonly netCalls: readonly NetCall[];
  /** Bodies of nets that it asked for. */
  readonly bodies: readonly { readonly net: string; readonly key: string }[];
  /** What it counts for in the limits of a program. */
  readonly terms: number;
  readonly expressions: number;
  /** It drew without a name outside of all nets: such draws are numbered through the file. */
  readonly numbered: boolean;
  /** The phases' numbers of examples, where it has asked for them; else null. */
  readonly examples: string | null;
}

/** A declaration as the check found it. */
interface Seen {
  readonly path: string;
  readonly kind: Declaration['kind'];
  readonly text: string;
  readonly start: number;
  /** Keys of the declarations that it uses. */
  readonly uses: readonly string[];
}

/** What one check leaves to the next. It is never changed afterwards. */
export interface Memory {
  readonly units: ReadonlyMap<string, Unit>;
  readonly seen: ReadonlyMap<string, Seen>;
  readonly settings: string;
  /** The declarations of each file that is not the prelude, in order. */
  readonly files: ReadonlyMap<string, readonly Placed[]>;
  readonly notes: Notes;
}

interface Keyed extends Pick<Declared, 'module' | 'name'> {
  readonly kind: Declaration['kind'];
}

interface Recorder {
  readonly diagnostics: Diagnostic[];
  readonly netCalls: NetCall[];
  readonly bodies: { readonly net: string; readonly key: string }[];
  terms: number;
  expressions: number;
  numbered: boolean;
  examples: string | null;
}

export class Reuse {
  /** The phases' numbers of examples: a unit that has asked for them holds as long as they do. */
  examples = '';
  readonly notes: Notes;
  /** The units that were worked out anew, in order. */
  readonly worked: string[] = [];
  private readonly units = new Map<string, Unit>();
  private readonly seen = new Map<string, Seen>();
  private readonly reused = new Set<string>();
  private readonly plain = new Set<object>();
  private readonly recorders: Recorder[] = [];
  private readonly moves: Moves;
  private readonly files: ReadonlyMap<string, readonly Placed[]>;
  private readonly settings: string;
  /** Declarations whose own text, or what names in it mean, is another. */
  private readonly touched: ReadonlySet<string>;
  /** Declarations that stand elsewhere in their file, or use one that does. */
  private readonly displaced: ReadonlySet<string>;

  constructor(
    program: Program,
    private readonly names: Resolution,
    settings: ReadonlyMap<string, string>,
    private readonly before: Memory | null,
  ) {
    this.settings = JSON.stringify([...settings]);
    this.notes = before?.notes ?? { written: new WeakMap(), layouts: new WeakMap() };
    this.files = new Map(program.modules.map((module) => [module.source.path, placesIn(module)]));
    for (const module of program.modules) for (const node of module.file.declarations) this.see(module, node);
    const then = before?.seen ?? new Map<string, Seen>();
    this.touched = this.spread((key, now) => !isSame(now, then.get(key)));
    this.displaced = this.spread((key, { start }) => then.get(key)?.start !== start);
    this.moves = movesBetween(before?.files ?? new Map(), this.files);
  }

  get memory(): Memory {
    const { units, seen, settings, files, notes } = this;
    return { units, seen, settings, files, notes };
  }

  /** The innermost unit that is being worked out. */
  get recorder(): Recorder | undefined {
    return this.recorders.at(-1);
  }

  /**
   * The value of a unit of `declared`: that of an earlier check where it still holds (then `replay` is told what else came
   * of it), else what `make` gives. `part` tells several units of one declaration apart.
   */
  unit<T>(declared: Declared, part: string, make: () => T, replay: (unit: Unit) => void): T {
    const owner = keyOf(declared);
    const key = `${owner} ${part}`;
    const before = this.before?.units.get(key);
    const isFree = before && !before.numbered && (declared.kind === 'net' || this.isPlain(before.value));
    const counts = before?.examples ?? null;
    if (isFree && (counts === null || counts === this.examples) && this.holds(owner, declared)) {
      const now = this.movedUnit(before, owner);
      if (now) {
        this.units.set(key, now);
        for (const name of namesOf(declared.node)) this.reused.add(keyOf({ ...declared, name }));
        // What is done again for this unit is no part of the one around it.
        this.recorders.push(newRecorder());
        replay(now);
        this.recorders.pop();
        return now.value as T;
      }
    }
    this.worked.push(key);
    const recorder = newRecorder();
    this.recorders.push(recorder);
    const value = make();
    this.recorders.pop();
    this.units.set(key, { value, ...recorder });
    return value;
  }

  /** A unit with its places as they are now. Findings may point to declarations that it does not use. */
  private movedUnit(unit: Unit, owner: string): Unit | undefined {
    if (this.displaced.has(owner)) return moved(unit, this.moves, this.notes);
    const { diagnostics } = unit;
    const now = diagnostics.length === 0 ? diagnostics : moved(diagnostics, this.moves, this.notes);
    return now && (now === diagnostics ? unit : { ...unit, diagnostics: now });
  }

  /** Whether all that a declaration is made of is as it was, and the same objects. */
  private holds(key: string, { kind, module }: Declared): boolean {
    if (this.before?.settings !== this.settings || this.touched.has(key)) return false;
    if (kind === 'net' && !this.sameInits(module)) return false;
    return this.seen.get(key)?.uses.every((use) => this.isSameObject(use)) ?? false;
  }

  /** Whether a file's `init` lines, from which its nets start, are the same ones. */
  private sameInits({ source }: Module): boolean {
    const [now, then] = [this.seen, this.before!.seen].map((seen) =>
      [...seen].flatMap(([key, { path, kind }]) => (kind === 'init' && path === source.path ? [key] : [])),
    );
    return now!.length === then!.length && now!.every((key) => !this.touched.has(key));
  }

  /** Values are told apart by identity: a source or a `let` has to be reused itself. */
  private isSameObject(key: string): boolean {
    const kind = this.seen.get(key)?.kind;
    return kind === undefined || !BY_IDENTITY.has(kind) || this.reused.has(key);
  }

  /** The declarations of which this holds, and those that use them, however far away. */
  private spread(holds: (key: string, seen: Seen) => boolean): Set<string> {
    const usedBy = new Map<string, string[]>();
    const found = new Set<string>();
    for (const [key, seen] of this.seen) {
      if (holds(key, seen)) found.add(key);
      for (const use of seen.uses) {
        const users = usedBy.get(use);
        if (users) users.push(key);
        else usedBy.set(use, [key]);
      }
    }
    // What is added while the set is gone through comes later in it.
    for (const key of found) for (const user of usedBy.get(key) ?? []) found.add(user);
    return found;
  }

  /**
   * Whether a value may outlive its check: it holds no draw of another declaration's that is numbered through the file, and
   * no def or net, which belongs to its file.
   */
  private isPlain(value: unknown): boolean {
    const rest: unknown[] = [value];
    const found = new Set<object>();
    while (rest.length > 0) {
      const at = rest.pop();
      if (typeof at !== 'object' || at === null || ArrayBuffer.isView(at)) continue;
      // What other values are made of has been looked at with them.
      if (found.has(at) || this.plain.has(at)) continue;
      if ('decl' in at || ('place' in at && at.place !== null)) return false;
      found.add(at);
      rest.push(...(at instanceof Map ? at.values() : at instanceof Set ? [] : Object.values(at)));
    }
    for (const object of found) this.plain.add(object);
    return true;
  }

  private see(module: Module, node: Declaration): void {
    if (node.kind === 'use' || node.kind === 'train' || node.kind === 'error') return;
    const { path, text } = module.source;
    const seen: Seen = {
      path,
      kind: node.kind,
      text: `${node.broken} ${node.doc}\n${text.slice(node.span.start, node.span.end)}`,
      start: node.span.start,
      uses: [...this.names.usedBy(node)].map(keyOf),
    };
    const keys =
      node.kind === 'init'
        ? [keyOf({ module, kind: node.kind, name: node.slot })]
        : namesOf(node).map((name) => keyOf({ module, kind: node.kind, name }));
    for (const key of keys) {
      // The same name twice is a mistake, but not one to be forgotten.
      const other = this.seen.get(key);
      const both = other && {
        ...seen,
        text: `${other.text}\n${other.start}\n${seen.text}`,
        uses: [...other.uses, ...seen.uses],
      };
      this.seen.set(key, both ?? seen);
    }
  }
}

function isSame(now: Seen, then: Seen | undefined): boolean {
  if (then?.text !== now.text || then.uses.length !== now.uses.length) return false;
  return now.uses.every((use, i) => use === then.uses[i]);
}

function newRecorder(): Recorder {
  return {
    diagnostics: [],
    netCalls: [],
    bodies: [],
    terms: 0,
    expressions: 0,
    numbered: false,
    examples: null,
  };
}

/** Declarations whose values others tell apart by identity. */
const BY_IDENTITY: ReadonlySet<Declaration['kind']> = new Set([
  'data',
  'noise',
  'state',
  'let',
  'loss',
  'metric',
  'output',
]);

/** What a declaration is called from check to check. */
function keyOf({ module, kind, name }: Keyed): string {
  return `${module.source.path} ${kind} ${name.text}`;
}

function placesIn({ source, file }: Module): Placed[] {
  return file.declarations.map(({ span: { start, end } }) => ({
    start,
    end,
    text: source.text.slice(start, end),
  }));
}
