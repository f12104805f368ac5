/**
 * Terms become nodes: an expression of the Model is evaluated in a setting (training or inference, at these versions of
 * samples, weights and statistics). Net calls are inlined; since leaves carry versions and the builder gives equal nodes
 * one identity, what may be shared is shared without being looked for. Nothing here recurses on the depth of a term, so
 * nets may be ten thousand layers deep.
 */

import { timesCount } from '../ir/count.ts';
import type { LeafNode, Node } from '../ir/graph.ts';
import type { GraphBuilder } from '../ir/graph-builder.ts';
import type { LoopNode } from '../ir/loops.ts';
import type { Count, Shape } from '../ir/types.ts';
import type { Meetings, ScopeCounts } from '../model/meetings.ts';
import type {
  GradTerm,
  JvpTerm,
  LayerTerm,
  LoopTerm,
  Model,
  Net,
  NetBody,
  NetCall,
  OpTerm,
  Term,
  TurnTerm,
} from '../model/model.ts';
import { operandsOf } from '../model/walk.ts';
import { noLayer } from '../ops/no-layer.ts';
import type { BuildContext } from '../ops/record.ts';
import type { CallPaths } from './call-paths.ts';
import { directional, gradient } from './differentiate.ts';
import { bodyOf, tablesOf } from './model-tables.ts';
import { type Setting, type Use, useOf } from './setting.ts';
import { substitute } from './substitute.ts';

/** A training evaluation of a batch norm moves an average. `evaluation` is the layer's result: it tells evaluations apart. */
export interface Move {
  readonly stat: string;
  readonly value: Node;
  readonly keep: number;
  readonly evaluation: Node;
}

/** What marks values: a second evaluation of its `y`, with a mark in the place of each value that it differentiates by. */
type Derivative = GradTerm | JvpTerm;

/** One evaluation of a net's body, or of the expressions outside all nets. */
interface Scope {
  readonly memo: Map<Term, Node>;
  readonly net: Net | null;
  readonly params: readonly Node[];
  readonly use: Use;
  /** The way of calls that led here, as a number; a draw of the body has one value for each. 0 outside all nets. */
  readonly call: number;
  /** What the net's weights are in this call, where they are given. */
  readonly given: ReadonlyMap<string, Node> | null;
  /** By the values differentiated by: a second evaluation, in which each of them is a mark. */
  readonly marked: Map<readonly Term[], Scope>;
  /** And the gradients by all of them. */
  readonly slopes: Map<readonly Term[], readonly Node[]>;
  /** How many derivatives stand around. */
  readonly depth: number;
  readonly counts: ScopeCounts;
  /** The positions of the loops that the calls which led here stand in. */
  readonly turns: readonly Node[];
}

export class Evaluation {
  readonly #b: GraphBuilder;
  readonly #setting: Setting;
  readonly #nets: ReadonlyMap<string, Net>;
  readonly #meetings: Meetings;
  readonly #paths: CallPaths;
  readonly #memo = new Map<Term, Node>();
  readonly #marks = new Map<readonly Term[], Scope>();
  readonly #slopes = new Map<readonly Term[], readonly Node[]>();
  readonly #names: Map<Node, string>;
  readonly #calls = new Map<string, Scope>();
  #moves: Move[] = [];

  /** `names` takes what the source calls the results of nets. */
  constructor(model: Model, b: GraphBuilder, setting: Setting, names = new Map<Node, string>()) {
    this.#names = names;
    this.#b = b;
    this.#setting = setting;
    const { nets, meetings, paths } = tablesOf(model);
    this.#nets = nets;
    this.#meetings = meetings;
    this.#paths = paths;
  }

  /** What batch norms in training mode have asked for, in the order of evaluation. */
  get moves(): readonly Move[] {
    return this.#moves;
  }

  /** `count`: how many examples whoever takes the value holds, where that is known. */
  value(term: Term, count: Count | null = null): Node {
    const root: Scope = {
      memo: this.#memo,
      net: null,
      params: [],
      use: { training: this.#setting.training, copy: this.#setting.copy, detached: false },
      call: 0,
      given: null,
      marked: this.#marks,
      slopes: this.#slopes,
      depth: 0,
      turns: [],
      counts: this.#meetings.of([term], {
        source: (name) => this.#setting.source(name).count,
        state: (state) => this.#setting.state(state).count ?? 'batch',
        batch: this.#setting.batch,
        results: [count],
      }),
    };
    const stack: [Scope, Term][] = [[root, term]];
    while (stack.length > 0) {
      const [where, what] = stack.at(-1)!;
      if (!where.memo.has(what)) {
        const missing = this.#missing(where, what);
        if (missing.length > 0) {
          // The first one is worked out first, so that nodes stand in the order of the text.
          for (let i = missing.length - 1; i >= 0; i--) stack.push(missing[i]!);
          continue;
        }
        where.memo.set(what, this.#make(where, what));
      }
      stack.pop();
    }
    return this.#memo.get(term)!;
  }

  /** What has to be evaluated before this term. */
  #missing(where: Scope, term: Term): [Scope, Term][] {
    const missing: [Scope, Term][] = [];
    const want = (scope: Scope, t: Term): void => {
      if (!scope.memo.has(t)) missing.push([scope, t]);
    };
    switch (term.kind) {
      case 'op':
      case 'layer':
      case 'loop':
        for (const arg of operandsOf(term)) want(where, arg);
        break;
      case 'result': {
        for (const arg of operandsOf(term)) want(where, arg);
        if (missing.length > 0) break;
        want(this.#called(where, term.call), this.#resultOf(term.call, term.index));
        break;
      }
      case 'entry':
        want(where, term.over);
        break;
      case 'map':
        want(where, term.entry.over);
        want(where, term.result);
        break;
      case 'grad':
        for (const x of term.xs) want(where, x);
        if (missing.length === 0) want(this.#marked(where, term), term.y);
        break;
      case 'jvp':
        for (const t of [...term.xs, ...term.vs]) want(where, t);
        if (missing.length === 0) want(this.#marked(where, term), term.y);
        break;
    }
    return missing;
  }

  #make(where: Scope, term: Term): Node {
    const b = this.#b;
    switch (term.kind) {
      case 'op':
        return b.at(term.span, originOf(where, term), () => this.#operation(where, term));
      case 'layer':
        return b.at(term.span, term.path, () => this.#layer(where, term));
      case 'result': {
        const node = this.#called(where, term.call).memo.get(this.#resultOf(term.call, term.index))!;
        if (term.name !== null && !this.#names.has(node)) this.#names.set(node, originOf(where, term));
        return node;
      }
      case 'param':
        return where.params[term.index]!;
      case 'grad':
        return b.at(term.span, originOf(where, term), () => this.#gradient(where, term));
      case 'jvp':
        return b.at(term.span, originOf(where, term), () => this.#directional(where, term));
      case 'entry':
        return b.at(term.span, originOf(where, term), () => {
          const over = where.memo.get(term.over)!;
          return b.op('to_entries', [over], { count: timesCount(over.count, over.shape[0]!) });
        });
      case 'map':
        return b.at(term.span, originOf(where, term), () => {
          const { count } = where.memo.get(term.entry.over)!;
          return b.op('from_entries', [where.memo.get(term.result)!], { n: term.shape[0]!, count });
        });
      case 'weight':
        return b.at(term.span, term.weight.layer, () => {
          const { net, name, shape } = term.weight;
          return this.#weight(useOf(this.#setting, where.use, { net, variant: term.variant }), name, shape);
        });
      case 'source': {
        const { version, count } = this.#setting.source(term.source);
        return b.at(term.span, term.source, () =>
          b.leaf({ kind: 'source', name: term.source, version }, term.shape, count),
        );
      }
      case 'state': {
        const { version, count } = this.#setting.state(term);
        return b.at(term.span, term.state, () =>
          b.leaf({ kind: 'state', name: term.state, version }, term.shape, count),
        );
      }
      case 'draw':
        return b.at(term.span, originOf(where, term), () =>
          b.leaf(
            {
              kind: 'draw',
              place: term.place,
              call: where.call,
              dist: term.dist,
              version: this.#setting.draw,
              ...this.#turns(where, term),
            },
            term.shape,
            term.batch ? where.counts.draw(term) : null,
          ),
        );
      case 'turn':
        return this.#turn(where, term);
      case 'loop':
        return b.at(term.span, originOf(where, term), () => b.part(this.#loop(where, term), term.index));
      case 'constant':
        return b.at(term.span, originOf(where, term), () =>
          b.leaf({ kind: 'constant', value: term.value }, term.value.shape, null),
        );
      case 'host': {
        const { expr } = term;
        if (expr.kind === 'number') return b.scalar(expr.value);
        return b.at(term.span, originOf(where, term), () => b.leaf({ kind: 'host', expr }, [], null));
      }
    }
  }

  #operation(where: Scope, term: OpTerm): Node {
    const args = term.args.map((arg) => where.memo.get(arg)!);
    let draws = 0;
    const context: BuildContext = {
      ...noLayer,
      training: where.use.training,
      uniform: (shape) => this.#uniform(where, `${term.place ?? term.op}`, draws++, shape, args, term),
    };
    return this.#b.expand(term.op, args, term.attrs, context);
  }

  #turn(where: Scope, term: TurnTerm): LeafNode {
    const { place, position } = term;
    const count = where.counts.of(term);
    return this.#b.at(term.span, originOf(where, term), () =>
      this.#b.leaf({ kind: 'turn', place, position }, term.shape, count),
    );
  }

  /** What a turn computes was evaluated in the scope around: no other term hangs on the leaves of the turn. */
  #loop(where: Scope, { loop }: LoopTerm): LoopNode {
    const at = (term: Term): Node => where.memo.get(term)!;
    const turns = new Map<TurnTerm, LeafNode>();
    const leaf = (turn: TurnTerm): LeafNode => {
      const known = turns.get(turn) ?? this.#turn(where, turn);
      turns.set(turn, known);
      return known;
    };
    return this.#b.loop({
      turns: loop.turns,
      reverse: false,
      position: leaf(loop.position),
      carried: loop.carried.map(({ start, turn, next }) => ({
        start: at(start),
        turn: leaf(turn),
        next: at(next),
      })),
      scanned: loop.scanned.map(({ sequence, turn }) => ({ sequence: at(sequence), turn: leaf(turn) })),
      collected: loop.collected.map((term, k) => {
        const { shape, count } = leaf(loop.carried[k]!.turn);
        return this.#b.broadcast(at(term), shape, count);
      }),
    });
  }

  #layer(where: Scope, term: LayerTerm): Node {
    const b = this.#b;
    const record = b.operations[term.layer];
    if (record?.kind !== 'layer') throw new Error(`internal: ${term.layer} is no layer`);
    const args = term.args.map((arg) => where.memo.get(arg)!);
    const { use } = where;
    const weights: Record<string, Node> = {};
    for (const { name, slot, shape } of term.weights)
      weights[slot] = where.given?.get(name) ?? this.#weight(use, name, shape);

    const specOf = (slot: string) => {
      const spec = term.stats.find((s) => s.name === slot || s.name === `${term.path}/${slot}`);
      if (!spec) throw new Error(`internal: ${term.path} has no state ${slot}`);
      return spec;
    };
    const iterated = new Map<string, number>();
    const moved: Omit<Move, 'evaluation'>[] = [];
    let draws = 0;
    const result = record.build(b, args, term.attrs, weights, {
      training: use.training,
      uniform: (shape) => this.#uniform(where, term.path, draws++, shape, args, term),
      stat: (slot) => {
        const { name, shape } = specOf(slot);
        const version = iterated.get(name) ?? this.#setting.stat(use.copy, name);
        return b.leaf({ kind: 'stat', name, copy: use.copy, version }, shape, null);
      },
      move: (slot, value, keep) => {
        if (use.training) moved.push({ stat: specOf(slot).name, value, keep });
      },
      iterate: (kernel, u, v) => {
        if (!use.training || kernel.kind !== 'leaf' || kernel.leaf.kind !== 'weight') return;
        const [first, second] = [specOf(u).name, specOf(v).name];
        const version = this.#setting.iterate(kernel.leaf.name, kernel.leaf.version, first, second);
        if (version === null) return;
        iterated.set(first, version);
        iterated.set(second, version);
      },
    });
    for (const move of moved) this.#moves.push({ ...move, evaluation: result });
    return result;
  }

  #weight(use: Use, name: string, shape: Shape): Node {
    const version = this.#setting.weight(use.copy, name);
    const leaf = this.#b.leaf({ kind: 'weight', name, copy: use.copy, version }, shape, null);
    return use.detached ? this.#b.op('stop', [leaf]) : leaf;
  }

  /**
   * `grad(y, x)`: y is evaluated once more with a mark of its own identity in x's place. So only the ways through x count,
   * even where another expression has x's value, and no rewrite looks through x. In the finished gradient the mark gives way
   * to x again, whereby the nodes of both evaluations become the same. A net's own weights need no mark: they are leaves, and
   * all ways through them count, whichever call reads them.
   */
  #gradient(where: Scope, term: GradTerm): Node {
    let slopes = where.slopes.get(term.xs);
    if (slopes === undefined) {
      const inside = this.#marked(where, term);
      slopes = gradient(
        this.#b,
        inside.memo.get(term.y)!,
        term.xs.map((x) => inside.memo.get(x) ?? where.memo.get(x)!),
      );
      where.slopes.set(term.xs, slopes);
    }
    return this.#unmarked(where, term, slopes[term.xs.indexOf(term.x)]!);
  }

  /** `jvp(y, xs, vs)`, on marks in the places of all `xs` at once. */
  #directional(where: Scope, term: JvpTerm): Node {
    const b = this.#b;
    const inside = this.#marked(where, term);
    const marks = term.xs.map((x) => inside.memo.get(x) ?? where.memo.get(x)!);
    const along = term.vs.map((v, i) => b.broadcast(where.memo.get(v)!, marks[i]!.shape, marks[i]!.count));
    return this.#unmarked(where, term, directional(b, inside.memo.get(term.y)!, marks, along));
  }

  /** The finished derivative with each mark replaced by what it stands for; also in what batch norms have asked for. */
  #unmarked(where: Scope, term: Derivative, found: Node): Node {
    const b = this.#b;
    const inside = this.#marked(where, term);
    const pairs = term.xs
      .filter((x) => x.kind !== 'weight')
      .map((x) => [inside.memo.get(x)!, where.memo.get(x)!] as const);
    if (pairs.length === 0) return found;
    const back = (node: Node): Node => substitute(b, node, pairs);
    this.#moves = this.#moves.map((move) => ({
      ...move,
      value: back(move.value),
      evaluation: back(move.evaluation),
    }));
    return back(found);
  }

  #marked(where: Scope, term: Derivative): Scope {
    let inside = where.marked.get(term.xs);
    if (inside === undefined) {
      const memo = new Map<Term, Node>();
      const marks = new Set<Node>();
      for (const x of term.xs) {
        if (x.kind === 'weight') continue;
        const { id, shape, count } = where.memo.get(x)!;
        // Named by what it stands for, so that a second evaluation makes the same nodes. Two of one value stay two.
        const mark = (name: string) => this.#b.leaf({ kind: 'source', name, version: -1 }, shape, count);
        let own = mark(`mark ${id} ${where.depth}`);
        for (let n = 2; marks.has(own); n++) own = mark(`mark ${id} ${where.depth} ${n}`);
        marks.add(own);
        memo.set(x, own);
      }
      // Where nothing is marked, y is the same as outside.
      inside =
        marks.size === 0
          ? where
          : { ...where, memo, marked: new Map(), slopes: new Map(), depth: where.depth + 1 };
      where.marked.set(term.xs, inside);
    }
    return inside;
  }

  #called(where: Scope, call: NetCall): Scope {
    const args = call.args.map((arg) => where.memo.get(arg)!);
    const use = useOf(this.#setting, where.use, call);
    const ids = args.map((arg) => arg.id);
    const meets = where.counts.results(call);
    const turns = this.#turns(where, call).turns ?? [];
    const path = this.#paths.into(where.call, call);
    const how = `${turns.map((turn) => turn.id)} ${use.training} ${use.copy} ${use.detached} ${where.depth} ${path} ${meets.join()}`;
    const given = call.weights
      ? new Map([...call.weights].map(([name, weight]) => [name, where.memo.get(weight)!] as const))
      : null;
    const own = [...(given?.values() ?? [])].map((node) => node.id);
    const key = `${call.net} ${call.body} ${how} ${ids.join()} ${own.join()}`;
    let called = this.#calls.get(key);
    if (called === undefined) {
      called = {
        memo: new Map(),
        net: this.#nets.get(call.net)!,
        params: args,
        use,
        call: path,
        given,
        marked: new Map(),
        slopes: new Map(),
        depth: where.depth,
        turns,
        counts: this.#meetings.of(this.#body(call).results, {
          source: () => this.#setting.batch,
          batch: this.#setting.batch,
          params: args.map((arg) => arg.count),
          results: meets,
        }),
      };
      this.#calls.set(key, called);
    }
    return called;
  }

  #resultOf(call: NetCall, index: number): Term {
    const result = this.#body(call).results[index];
    if (!result) throw new Error(`internal: ${call.net} has no result ${index}`);
    return result;
  }

  #body(call: NetCall): NetBody {
    return bodyOf(this.#nets, call);
  }

  /** The positions of the loops that a term of this scope stands in, those around its calls first. */
  #turns(
    where: Scope,
    { turns = [] }: { readonly turns?: readonly TurnTerm[] },
  ): { readonly turns?: readonly Node[] } {
    const all = [...where.turns, ...turns.map((turn) => this.#turn(where, turn))];
    return all.length === 0 ? {} : { turns: all };
  }

  #uniform(where: Scope, place: string, nth: number, shape: Shape, args: readonly Node[], term: Term): Node {
    const count = args.find((arg) => arg.count !== null)?.count ?? null;
    return this.#b.leaf(
      {
        kind: 'draw',
        place: nth === 0 ? place : `${place}/${nth}`,
        call: where.call,
        dist: { kind: 'uniform', low: 0, high: 1 },
        version: this.#setting.draw,
        ...this.#turns(where, term.kind === 'op' ? term : {}),
      },
      shape,
      count,
    );
  }
}

function originOf(where: Scope, term: Term): string {
  const name = term.name ?? (term.kind === 'op' ? term.op : term.kind);
  return where.net ? `${where.net.name}/${name}` : name;
}
