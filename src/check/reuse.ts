/**
 * What an earlier check of the same files has worked out, and how much of it still holds after an edit. The unit is a
 * declaration: the value of a `param`, source, `let`, loss, metric or output, and a net's body under one signature. A unit
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
  private readonly holding = new Map<string, boolean>();
  private readonly reused = new Set<string>();
  private readonly recorders: Recorder[] = [];
  private readonly moves: Moves;
  private readonly files: ReadonlyMap<string, readonly Placed[]>;
  private readonly settings: string;

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
    if (isPlain(value, declared)) this.units.set(key, { value, ...recorder });
    return value;
  }

  /** Whether all that a declaration is made of is as it was, and the same objects. */
  private holds(key: string, { kind, module }: Declared): boolean {
    if (this.before?.settings !== this.settings) return false;
    return this.isSame(key) && (kind !== 'net' || this.sameInits(module));
  }

  /** Whether a file's `init` lines, from which its nets start, are the same ones. */
  private sameInits({ source }: Module): boolean {
    const prefix = initKey(source.path, '');
    const [now, then] = [this.seen, this.before!.seen].map((seen) =>
      [...seen.keys()].filter((key) => key.startsWith(prefix)),
    );
    return now!.length === then!.length && now!.every((key) => this.isSame(key));
  }

  private isSame(key: string): boolean {
    const known = this.holding.get(key);
    if (known !== undefined) return known;
    // What needs itself does not hold.
    this.holding.set(key, false);
    const [now, then] = [this.seen.get(key), this.before?.seen.get(key)];
    const same =
      now === then ||
      (now !== undefined &&
        then !== undefined &&
        now.text === then.text &&
        now.uses.length === then.uses.length &&
        now.uses.every((use, i) => use === then.uses[i] && this.isSame(use) && this.isSameObject(use)));
    this.holding.set(key, same);
    return same;
  }

  /** Values are told apart by identity: a source or a `let` has to be reused itself. */
  private isSameObject(key: string): boolean {
    return !/ (data|noise|let|loss|metric|output) /.test(key) || this.reused.has(key);
  }

  private see(module: Module, node: Declaration): void {
    if (node.kind === 'use' || node.kind === 'train' || node.kind === 'error') return;
    const { path, text } = module.source;
    const seen: Seen = {
      text: `${node.broken} ${node.doc}\n${text.slice(node.span.start, node.span.end)}`,
      uses: [...this.names.usedBy(node)].map(keyOf),
    };
    if (node.kind === 'init') this.seen.set(initKey(path, node.slot.text), seen);
    else for (const name of namesOf(node)) this.seen.set(`${path} ${node.kind} ${name.text}`, seen);
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

/**
 * Whether a value may outlive its check. What the file draws without a name is numbered through the file, and a def or net
 * as a value belongs to its file.
 */
function isPlain(value: unknown, { kind }: Declared): boolean {
  const seen = new Set<object>();
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const at = rest.pop();
    if (typeof at !== 'object' || at === null || seen.has(at) || ArrayBuffer.isView(at)) continue;
    seen.add(at);
    if ('decl' in at) return false;
    if (kind !== 'net' && 'place' in at && at.place !== null) return false;
    rest.push(...(at instanceof Map ? at.values() : at instanceof Set ? [] : Object.values(at)));
  }
  return true;
}
