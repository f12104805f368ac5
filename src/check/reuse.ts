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
}

/** A declaration as the check found it. */
interface Seen {
  readonly text: string;
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

interface Recorder {
  readonly diagnostics: Diagnostic[];
  readonly netCalls: NetCall[];
  readonly bodies: { readonly net: string; readonly key: string }[];
  terms: number;
  expressions: number;
}

export class Reuse {
  readonly notes: Notes;
  /** The units that were worked out anew, in order. */
  readonly worked: string[] = [];
  private readonly units = new Map<string, Unit>();
  private readonly seen = new Map<string, Seen>();
  private readonly reused = new Set<string>();
  private readonly plain = new Set<object>();
  /** Declarations whose values may not outlive the check. */
  private readonly numbered = new Set<string>();
  private readonly recorders: Recorder[] = [];
  private readonly moves: Moves;
  private readonly files: ReadonlyMap<string, readonly Placed[]>;
  private readonly settings: string;
  private readonly touched: ReadonlySet<string>;

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
    this.touched = this.findTouched(before?.seen ?? new Map());
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
    if (before && this.holds(owner, declared)) {
      const now = moved(before, this.moves, this.notes);
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
    if (declared.kind === 'net' || this.isPlain(value, owner)) this.units.set(key, { value, ...recorder });
    else this.numbered.add(owner);
    return value;
  }

  /** Whether all that a declaration is made of is as it was, and the same objects. */
  private holds(key: string, { kind, module }: Declared): boolean {
    if (this.before?.settings !== this.settings || this.touched.has(key)) return false;
    if (kind === 'net' && !this.sameInits(module)) return false;
    return (this.seen.get(key)?.uses ?? []).every((use) => this.isSameObject(use));
  }

  /** Whether a file's `init` lines, from which its nets start, are the same ones. */
  private sameInits({ source }: Module): boolean {
    const prefix = initKey(source.path, '');
    const [now, then] = [this.seen, this.before!.seen].map((seen) =>
      [...seen.keys()].filter((key) => key.startsWith(prefix)),
    );
    return now!.length === then!.length && now!.every((key) => !this.touched.has(key));
  }

  /** Values are told apart by identity: a source or a `let` has to be reused itself. */
  private isSameObject(key: string): boolean {
    return !/ (data|noise|state|let|loss|metric|output) /.test(key) || this.reused.has(key);
  }

  /** The declarations whose own text or meaning of names changed, and those that use them, however far away. */
  private findTouched(before: ReadonlyMap<string, Seen>): Set<string> {
    const usedBy = new Map<string, string[]>();
    const touched = new Set<string>();
    for (const [key, { text, uses }] of this.seen) {
      const then = before.get(key);
      const isSame =
        then?.text === text &&
        then.uses.length === uses.length &&
        uses.every((use, i) => use === then.uses[i]);
      if (!isSame) touched.add(key);
      for (const use of uses) {
        const users = usedBy.get(use);
        if (users) users.push(key);
        else usedBy.set(use, [key]);
      }
    }
    // What is added while the set is gone through comes later in it.
    for (const key of touched) for (const user of usedBy.get(key) ?? []) touched.add(user);
    return touched;
  }

  /**
   * Whether a value may outlive its check. What the file draws without a name is numbered through the file, and a def or net
   * as a value belongs to its file.
   */
  private isPlain(value: unknown, owner: string): boolean {
    if (this.seen.get(owner)?.uses.some((use) => this.numbered.has(use))) return false;
    const rest: unknown[] = [value];
    while (rest.length > 0) {
      const at = rest.pop();
      // What other values are made of has been looked at with them.
      if (typeof at !== 'object' || at === null || this.plain.has(at) || ArrayBuffer.isView(at)) continue;
      this.plain.add(at);
      if ('decl' in at || ('place' in at && at.place !== null)) return false;
      rest.push(...(at instanceof Map ? at.values() : at instanceof Set ? [] : Object.values(at)));
    }
    return true;
  }

  private see(module: Module, node: Declaration): void {
    if (node.kind === 'use' || node.kind === 'train' || node.kind === 'error') return;
    const { path, text } = module.source;
    const seen: Seen = {
      text: `${node.broken} ${node.doc}\n${text.slice(node.span.start, node.span.end)}`,
      uses: [...this.names.usedBy(node)].map(keyOf),
    };
    const keys =
      node.kind === 'init'
        ? [initKey(path, node.slot.text)]
        : namesOf(node).map((name) => keyOf({ module, kind: node.kind, name }));
    for (const key of keys) {
      // The same name twice is a mistake, but not one to be forgotten.
      const other = this.seen.get(key);
      const both = other && { text: `${other.text}\n${seen.text}`, uses: [...other.uses, ...seen.uses] };
      this.seen.set(key, both ?? seen);
    }
  }
}

function newRecorder(): Recorder {
  return { diagnostics: [], netCalls: [], bodies: [], terms: 0, expressions: 0 };
}

const initKey = (path: string, slot: string) => `${path} init ${slot}`;

/** The prelude never changes, so its declarations are told by their names alone. */
function keyOf({ module, kind, name }: Pick<Declared, 'module' | 'kind' | 'name'>): string {
  return `${module.source.path} ${kind} ${name.text}`;
}

function placesIn({ source, file }: Module): Placed[] {
  return file.declarations.map(({ span: { start, end } }) => ({
    start,
    end,
    text: source.text.slice(start, end),
  }));
}
