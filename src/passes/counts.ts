/**
 * How many examples a draw without a name holds: as many as the values it meets, else the phase's batch. What meets in
 * an operation shares one count; a net passes on which of its parameters and results meet inside.
 */
import type { Model, Net, NetBody, NetCall, Term } from '../check/model.ts';
import type { Count } from '../ir/types.ts';

/** Counts of the draws and calls of one scope: a net's body in one call, or the expressions outside all nets. */
export interface ScopeCounts {
  draw(term: Term): Count;
  /** What the values of a call meet outside of it; null: nothing whose count is known. */
  results(call: NetCall): readonly (Count | null)[];
}

/** A set of values that share a count. */
class Group {
  #parent: Group | null = null;
  #known: Count | null = null;

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

  get count(): Count | null {
    return this.top.#known;
  }

  know(count: Count | null): void {
    if (count !== null) this.top.#known ??= count;
  }

  join(other: Group): void {
    const [mine, theirs] = [this.top, other.top];
    if (mine === theirs) return;
    theirs.#parent = mine;
    mine.know(theirs.#known);
  }
}

/** Which parameters and results of a body share a count. */
interface Meeting {
  readonly params: readonly Group[];
  readonly results: readonly Group[];
}

export class Counts {
  readonly #nets: ReadonlyMap<string, Net>;
  readonly #meetings = new Map<NetBody, Meeting>();

  constructor(model: Model) {
    this.#nets = new Map(model.nets.map((net) => [net.name, net]));
  }

  /** Of a scope's expressions, given what is known of its sources, its parameters and (parallel to `roots`) their users. */
  of(
    roots: readonly Term[],
    sourceCount: (name: string) => Count,
    params: readonly (Count | null)[] = [],
    results: readonly (Count | null)[] = [],
  ): ScopeCounts {
    const { groups, calls, group } = this.#solve(roots);
    for (const [term, g] of groups) {
      if (term.kind === 'source') g.know(sourceCount(term.source));
      else if (term.kind === 'param') g.know(params[term.index] ?? null);
    }
    roots.forEach((root, i) => {
      if (root.batch) group(root).know(results[i] ?? null);
    });
    return {
      draw: (term) => groups.get(term)?.count ?? 'batch',
      results: (call) => calls.get(call)?.map((g) => g.count) ?? [],
    };
  }

  #solve(roots: readonly Term[]) {
    const groups = new Map<Term, Group>();
    const calls = new Map<NetCall, readonly Group[]>();
    const group = (term: Term): Group => {
      const known = groups.get(term) ?? new Group();
      groups.set(term, known);
      return known;
    };
    const seen = new Set<Term>();
    const open = [...roots];
    for (let term = open.pop(); term !== undefined; term = open.pop()) {
      if (seen.has(term)) continue;
      seen.add(term);
      if (term.batch) group(term);
      const meet =
        term.kind === 'op' || term.kind === 'layer'
          ? term.args
          : term.kind === 'grad'
            ? [term.y, term.x]
            : term.kind === 'result'
              ? term.call.args
              : [];
      open.push(...meet);
      if (term.kind === 'result') {
        const results = calls.get(term.call) ?? this.#instance(term.call, group);
        calls.set(term.call, results);
        if (term.batch) results[term.index]!.join(group(term));
        continue;
      }
      const members = [...meet, term].filter((t) => t.batch);
      for (const member of members) group(members[0]!).join(group(member));
    }
    return { groups, calls, group };
  }

  /** A call's own copy of what meets in the body, joined with its arguments. */
  #instance(call: NetCall, group: (term: Term) => Group): readonly Group[] {
    const body = this.#nets.get(call.net)?.bodies.get(call.body);
    if (!body) throw new Error(`internal: ${call.net} has no body ${call.body}`);
    const meeting = this.#meeting(body);
    const copies = new Map<Group, Group>();
    const copy = (g: Group): Group => {
      const fresh = copies.get(g.top) ?? new Group();
      copies.set(g.top, fresh);
      return fresh;
    };
    call.args.forEach((arg, i) => {
      if (arg.batch) copy(meeting.params[i]!).join(group(arg));
    });
    return meeting.results.map(copy);
  }

  #meeting(body: NetBody): Meeting {
    let meeting = this.#meetings.get(body);
    if (meeting === undefined) {
      const { group } = this.#solve(body.results);
      meeting = { params: body.params.map(group), results: body.results.map(group) };
      this.#meetings.set(body, meeting);
    }
    return meeting;
  }
}
