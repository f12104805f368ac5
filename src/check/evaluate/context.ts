/** What an evaluation carries along: findings, the calls it stands in, and where layers and draws are counted. */
import type { Diagnostic, Label, Source, Span } from '../../diagnostics/diagnostic.ts';
import { type ArgsOf, type Code, diagnose, type Extras } from '../../diagnostics/table.ts';
import type { DeclaredType, Initializer, StatSpec, WeightSpec } from '../../ir/types.ts';
import type { NetBody, NetCall, NoiseSource, StateSpec, TurnTerm } from '../../model/model.ts';
import type { Resolution } from '../../names/resolution.ts';
import { type Declared, type Module, type Program, preludeSource } from '../../names/scope.ts';
import type { Name } from '../../syntax/ast.ts';
import type { Notes } from '../moved.ts';
import { type Memory, Reuse, type Unit } from '../reuse.ts';
import type { Value } from './value.ts';

/** Values of parameters, block lets and what `each` counts, by the names that declare them; innermost first. */
export interface Locals {
  readonly values: Map<Name, Value>;
  readonly outer: Locals | null;
}

/** Where layers and draws are made: a net's body under one signature, or (net null) the file. */
export interface Frame {
  readonly net: NetFrame | null;
  /** The loops of which this is a turn. */
  readonly turns?: readonly TurnTerm[];
}

export interface NetFrame {
  readonly name: string;
  readonly module: Module;
  readonly counters: Map<string, number>;
  readonly layerNames: Map<string, Span>;
  readonly weights: WeightSpec[];
  readonly stats: StatSpec[];
  readonly calls: Set<string>;
}

export interface Env {
  readonly module: Module;
  readonly locals: Locals | null;
  readonly frame: Frame;
  /** Inside nets, defs and constants: data, noise and lets are out of sight. */
  readonly body: boolean;
  /** Inside an `each` or a `def`: a layer named by `as` is numbered. */
  readonly numbered: boolean;
}

/** How many examples a phase draws: of each source, and by default. */
export interface Examples {
  /** The phase's `train`. */
  readonly span: Span;
  readonly batch: number;
  readonly sampled: ReadonlyMap<string, ReadonlySet<number>>;
}

/** A net as far as it is known: its declared types, and its bodies by signature. */
export interface NetState {
  readonly declared: Declared;
  /** Where it is written: for a net of a list, the list. */
  readonly written: Declared;
  /** null where the declared type is itself wrong. */
  readonly params: readonly { readonly name: string; readonly type: DeclaredType | null }[];
  readonly results: readonly { readonly name: string | null; readonly type: DeclaredType | null }[];
  readonly bodies: Map<string, NetBody | 'working' | null>;
  /** The frame of the first body: names and weights are the same in every one. */
  frame: NetFrame | null;
}

export type Inits = Map<string, { readonly init: Initializer; readonly span: Span }>;

function restore<V>(map: Map<string, V>, before: ReadonlyMap<string, V>): void {
  map.clear();
  for (const [key, value] of before) map.set(key, value);
}

/** What a term that draws, or may, keeps of the loops that it stands in. */
export function turnsOf({ frame }: Env): { readonly turns?: readonly TurnTerm[] } {
  return frame.turns ? { turns: frame.turns } : {};
}

const termLimit = 150_000;
const depthLimit = 400;
const evaluationLimit = 1_000_000;

export class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly nets = new Map<string, NetState>();
  /** Every call of a net that was made, in the order of evaluation; reading its weights counts as a call of nothing. */
  readonly netCalls: NetCall[] = [];
  /** Nets that a statement of the schedule names. */
  readonly scheduledNets = new Set<string>();
  readonly sources = new Map<string, Source>();
  readonly reuse: Reuse;
  /** Attributes as written, before `resolve`: for looking for a repair. */
  readonly written: Notes['written'];
  /** Where stages that stand for themselves (in no def or `each`) and their arguments are written. */
  readonly layouts: Notes['layouts'];
  /** The phases, as far as `batch(v)` needs them. */
  examples: readonly Examples[] = [];
  /** Innermost last: the defs that are being inlined. */
  readonly calls: { readonly name: string; readonly span: Span }[] = [];
  /** Every net's body was understood. */
  whole = true;
  private readonly places = new Map<string, number>();
  private made = 0;
  private evaluated = 0;
  private depth = 0;
  private stopped = false;

  /** What declarations stand for, once worked out; 'working' tells a cycle through functions given as arguments. */
  readonly values = new Map<Declared, Value | 'working'>();
  /** Each file's `init` lines by slot, once worked out. */
  readonly inits = new Map<Module, Inits>();
  readonly noise = new Map<Declared, NoiseSource>();
  readonly fieldTypes = new Map<Declared, DeclaredType>();
  readonly states = new Map<Declared, StateSpec>();

  constructor(
    readonly program: Program,
    readonly names: Resolution,
    /** `--set` of the command line. */
    readonly settings: ReadonlyMap<string, string>,
    /** What an earlier check of these files has left. */
    before: Memory | null = null,
  ) {
    this.reuse = new Reuse(program, names, settings, before);
    this.written = this.reuse.notes.written;
    this.layouts = this.reuse.notes.layouts;
    for (const source of [preludeSource, ...program.modules.map((m) => m.source)])
      this.sources.set(source.path, source);
  }

  add(diagnostic: Diagnostic): void {
    this.diagnostics.push(diagnostic);
    this.reuse.recorder?.diagnostics.push(diagnostic);
  }

  /** Notes a call of a net. */
  addCall(call: NetCall): void {
    this.netCalls.push(call);
    this.reuse.recorder?.netCalls.push(call);
  }

  /** Says and counts again what came of a unit that an earlier check has worked out. */
  replay({ diagnostics, netCalls, terms, expressions }: Unit): void {
    for (const diagnostic of diagnostics) this.add(diagnostic);
    for (const call of netCalls) this.addCall(call);
    this.made += terms;
    this.evaluated += expressions;
  }

  /** Too much to be worked out: what there is may be missing parts. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Whether `check` finds no error; what it finds is not said. */
  holds(check: () => void): boolean {
    const before = this.diagnostics.length;
    check();
    return this.diagnostics.splice(before).every(({ severity }) => severity !== 'error');
  }

  /**
   * Notes a finding. One in a def says which call led there; one in the prelude, which is not the reader's text, is
   * shown at the call.
   */
  report<C extends Code>(code: C, span: Span, args: ArgsOf<C>, extras: Extras = {}): void {
    const inPrelude = (s: Span) => s.file === preludeSource.path;
    let place = span;
    let calls = this.calls.filter((call) => !inPrelude(call.span));
    const notes = [...(extras.notes ?? [])];
    let labels: Label[] = [...(extras.labels ?? [])];
    let { help } = extras;
    if (inPrelude(span)) {
      const outer = calls.at(-1);
      if (outer) {
        place = outer.span;
        notes.unshift(`found inside \`${outer.name}\` of the prelude: \`${this.text(span)}\``);
        calls = calls.slice(0, -1);
        labels = labels.filter((l) => !inPrelude(l.span));
      }
    }
    for (const call of calls.slice(-3).reverse())
      labels.push({ span: call.span, text: `inside \`${call.name}\`, called here` });
    if (help && inPrelude(span) && extras.fix) help = undefined;
    this.add(
      diagnose(code, place, args, {
        labels,
        notes,
        ...(help === undefined ? {} : { help }),
        ...(extras.fix && !inPrelude(span) ? { fix: extras.fix } : {}),
      }),
    );
  }

  /** The text under a span, on one line and not too long. */
  text(span: Span): string {
    const text = (this.sources.get(span.file)?.text.slice(span.start, span.end) ?? '').replace(/\s+/g, ' ');
    return text.length > 48 ? `${text.slice(0, 45)}…` : text;
  }

  /** A new place for a draw or a dropout mask: `G/draw_1`, `draw_2`. It is unique in the program. */
  place(frame: Frame, kind: string): string {
    const prefix = frame.net ? `${frame.net.name}/${kind}` : kind;
    // A net's bodies under different signatures have the same places.
    if (frame.net) {
      const n = (frame.net.counters.get(`place ${kind}`) ?? 0) + 1;
      frame.net.counters.set(`place ${kind}`, n);
      return `${prefix}_${n}`;
    }
    if (this.reuse.recorder) this.reuse.recorder.numbered = true;
    const n = (this.places.get(prefix) ?? 0) + 1;
    this.places.set(prefix, n);
    return `${prefix}_${n}`;
  }

  /** Gives a way back to what is known now, for a part of a net that has to be worked out again. */
  remember(net: NetFrame | null): () => void {
    const { recorder } = this.reuse;
    const lists = [
      this.diagnostics,
      this.netCalls,
      ...(recorder ? [recorder.diagnostics, recorder.netCalls, recorder.bodies] : []),
    ];
    const lengths = lists.map((list) => list.length);
    const [weights, stats] = [net?.weights.length ?? 0, net?.stats.length ?? 0];
    const counters = new Map(net?.counters);
    const names = new Map(net?.layerNames);
    const bodies = [...this.nets.values()].map((state) => [state, new Set(state.bodies.keys())] as const);
    return () => {
      for (const [i, list] of lists.entries()) list.length = lengths[i]!;
      for (const [state, keys] of bodies)
        for (const key of state.bodies.keys()) if (!keys.has(key)) state.bodies.delete(key);
      for (const [state, keys] of bodies) if (keys.size === 0) state.frame = null;
      if (net === null) return;
      net.weights.length = weights;
      net.stats.length = stats;
      restore(net.counters, counters);
      restore(net.layerNames, names);
    };
  }

  /** Counts a term; false once the program is larger than any machine would like. */
  room(span: Span): boolean {
    if (this.reuse.recorder) this.reuse.recorder.terms++;
    if (++this.made <= termLimit) return true;
    this.tooLarge(span, `more than ${termLimit.toLocaleString('en')} operations after inlining`);
    return false;
  }

  /** Counts a piece of work; false once there is too much of it, and everything is to come to an end. */
  tick(span: Span): boolean {
    if (this.reuse.recorder) this.reuse.recorder.expressions++;
    if (++this.evaluated > evaluationLimit)
      this.tooLarge(span, `more than ${evaluationLimit.toLocaleString('en')} expressions to work out`);
    return !this.stopped;
  }

  /** Runs a nested evaluation unless it is nested too deeply. */
  nested<T>(span: Span, otherwise: T, f: () => T): T {
    if (!this.tick(span)) return otherwise;
    if (this.depth >= depthLimit) {
      const names = [...new Set(this.calls.slice(-6).map((call) => call.name))];
      this.tooLarge(
        span,
        names.length > 0
          ? `calls nested more than ${depthLimit} deep, through ${names.map((n) => `\`${n}\``).join(', ')}`
          : `expressions nested more than ${depthLimit} deep`,
      );
      return otherwise;
    }
    this.depth++;
    try {
      return f();
    } finally {
      this.depth--;
    }
  }

  private tooLarge(span: Span, what: string): void {
    if (this.stopped) return;
    this.stopped = true;
    // Where the expansion began says more than where it was given up.
    const outermost = this.calls[0]?.span ?? span;
    this.calls.length = 0;
    this.report('GAN0247', outermost, { what });
  }
}
