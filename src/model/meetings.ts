/**
 * Which values hold the same number of examples: what meets in an operation shares one count, and a net passes on which of
 * its parameters and results meet inside. A draw without a name holds as many as the values it meets.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import { timesCount } from '../ir/count.ts';
import type { Count } from '../ir/types.ts';
import type { EntryTerm, LoopTerm, NetBody, NetCall, StateTerm, Term } from './model.ts';
import { operandsOf, postorder } from './walk.ts';

/** Counts of the draws and calls of one scope: a net's body in one call, or the expressions outside all nets. */
export interface ScopeCounts {
  draw(term: Term): Count;
  /** How many examples a value holds; null: it is whole. */
  of(term: Term): Count | null;
  /** What the values of a call meet outside of it; null: nothing whose count is known. */
  results(call: NetCall): readonly (Count | null)[];
  /** Where values of different counts meet first. */
  readonly conflict: Conflict | null;
}

/** What is known of the values that a scope is given. */
export interface Given {
  source(name: string): Count;
  /** How many examples a state holds; left out: as many as it declares. */
  state?(term: StateTerm): Count;
  readonly params?: readonly (Count | null)[];
  /** Of the roots' users, parallel to the roots. */
  readonly results?: readonly (Count | null)[];
  /** Of what meets nothing that has a count: the phase's `batch`, as a number where it is fixed. */
  readonly batch?: Count;
}

export interface Conflict {
  readonly span: Span;
  readonly left: Known;
  readonly right: Known;
}

/** A count, and the source that brings it (empty for a parameter or a user). */
interface Known {
  readonly count: Count;
  readonly source: string;
}

/** A set of values that share a count. */
class Group {
  #parent: Group | null = null;
  #known: Known | null = null;

  get top(): Group {
    let top: Group = this;
    while (top.#parent) top = top.#parent;
    // Shorter ways for the next time.
    let at: Group = this;
    while (at.#parent) {
      const next: Group = at.#parent;
      if (next !== top) at.#parent = top;
      at = next;
    }
    return top;
  }

  get known(): Known | null {
    return this.top.#known;
  }

  know(count: Count | null | undefined, source = ''): void {
    if (count !== null && count !== undefined) this.top.#known ??= { count, source };
  }

  /** The two counts, where they differ. */
  join(other: Group): readonly [Known, Known] | null {
    const [mine, theirs] = [this.top, other.top];
    if (mine === theirs) return null;
    theirs.#parent = mine;
    const [left, right] = [mine.#known, theirs.#known];
    mine.#known ??= right;
    return left && right && left.count !== right.count ? [left, right] : null;
  }
}

/** Which parameters and results of a body share a count. */
interface Meeting {
  readonly params: readonly Group[];
  readonly results: readonly Group[];
}

export class Meetings {
  readonly #bodyOf: (call: NetCall) => NetBody;
  readonly #known = new Map<NetBody, Meeting>();

  constructor(bodyOf: (call: NetCall) => NetBody) {
    this.#bodyOf = bodyOf;
  }

  of(roots: readonly Term[], given: Given): ScopeCounts {
    const { groups, calls, entries, group, conflict } = this.#solve(roots, given);
    roots.forEach((root, i) => {
      if (root.batch) group(root).know(given.results?.[i]);
    });
    // Outer entries come first: those of entries count them.
    for (const entry of entries) {
      const { over } = entry;
      const around = over.batch ? (group(over).known?.count ?? given.batch ?? 'batch') : null;
      group(entry).know(timesCount(around, over.shape[0]!));
    }
    const draw = (term: Term): Count => groups.get(term)?.known?.count ?? given.batch ?? 'batch';
    return {
      draw,
      of: (term) => (term.batch ? draw(term) : null),
      results: (call) => calls.get(call)?.map((g) => g.known?.count ?? null) ?? [],
      conflict,
    };
  }

  #solve(roots: readonly Term[], given: Given | null) {
    const groups = new Map<Term, Group>();
    const calls = new Map<NetCall, readonly Group[]>();
    const entries: EntryTerm[] = [];
    let conflict: Conflict | null = null;
    const group = (term: Term): Group => {
      const known = groups.get(term) ?? new Group();
      groups.set(term, known);
      return known;
    };
    const join = (a: Group, b: Group, span: Span): void => {
      const differ = a.join(b);
      if (differ) conflict ??= { span, left: differ[0], right: differ[1] };
    };
    for (const term of postorder(roots)) {
      if (term.kind === 'source') group(term).know(given?.source(term.source), term.source);
      else if (term.kind === 'state' && term.batch)
        group(term).know(given?.state ? given.state(term) : term.count, term.state);
      else if (term.kind === 'param' && term.batch) group(term).know(given?.params?.[term.index]);
      if (term.kind === 'result') {
        const results = calls.get(term.call) ?? this.#instance(term.call, group, join);
        calls.set(term.call, results);
        if (term.batch) join(results[term.index]!, group(term), term.span);
        continue;
      }
      if (term.kind === 'loop') {
        for (const [a, b] of metInLoop(term)) if (a.batch && b.batch) join(group(a), group(b), term.span);
        continue;
      }
      if (term.kind === 'entry') {
        entries.push(term);
        continue;
      }
      if (term.kind === 'map') {
        join(group(term.entry), group(term.result), term.span);
        if (term.batch) join(group(term.entry.over), group(term), term.span);
        continue;
      }
      if (term.kind === 'op' && term.op === 'examples') group(term).know(term.attrs.count as number);
      const members = [...operandsOf(term), term].filter((t) => t.batch);
      for (const member of members) join(group(members[0]!), group(member), term.span);
    }
    return { groups, calls, entries, group, conflict: conflict as Conflict | null };
  }

  /** A call's own copy of what meets in the body, joined with its arguments. */
  #instance(
    call: NetCall,
    group: (term: Term) => Group,
    join: (a: Group, b: Group, span: Span) => void,
  ): readonly Group[] {
    const meeting = this.#meeting(this.#bodyOf(call));
    const copies = new Map<Group, Group>();
    const copy = (g: Group): Group => {
      const fresh = copies.get(g.top) ?? new Group();
      copies.set(g.top, fresh);
      return fresh;
    };
    call.args.forEach((arg, i) => {
      if (arg.batch) join(copy(meeting.params[i]!), group(arg), call.span);
    });
    return meeting.results.map(copy);
  }

  #meeting(body: NetBody): Meeting {
    let meeting = this.#known.get(body);
    if (meeting === undefined) {
      const { group } = this.#solve(body.results, null);
      meeting = { params: body.params.map(group), results: body.results.map(group) };
      this.#known.set(body, meeting);
    }
    return meeting;
  }
}

/** What of a loop holds equally many examples, in pairs: a value all the way through its turns. */
function* metInLoop(term: LoopTerm): Generator<readonly [Term, Term]> {
  const { loop, index } = term;
  yield [loop.carried[index]?.turn ?? loop.collected[index - loop.carried.length]!, term];
  for (const { start, turn, next } of loop.carried) {
    yield [start, turn];
    yield [turn, next];
  }
  for (const { sequence, turn } of loop.scanned) yield [sequence, turn];
}
