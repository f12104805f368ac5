/**
 * Versions: what tells the values of one name apart. Every statement that changes a sample, a weight or a statistic gives
 * it a new version, and so do the borders of the blocks that change it; what keeps its version is the same value.
 */

import type { Copy } from '../ir/graph.ts';
import type { Count } from '../ir/types.ts';
import type { Action, Model, Net, Term, UpdateAction } from '../model/model.ts';
import { postorder } from '../model/walk.ts';
import type { Block } from './blocks.ts';

/** The version of the latest `sample`, on which draws hang. */
export const DRAWS = 'draws';
export const stateKey = (name: string): string => `state ${name}`;
export const sourceKey = (name: string): string => `source ${name}`;
export const weightKey = (copy: Copy, name: string): string => `weight ${copy} ${name}`;
export const statKey = (copy: Copy, name: string): string => `stat ${copy} ${name}`;

export class Versions {
  #last = 0;
  readonly #current = new Map<string, number>();
  /** The block in which a version came to be; the first ones are as old as the step. */
  readonly #births = new Map<number, Block>();
  readonly #counts = new Map<string, Count>();
  /** By kernel and its version: the version of the vectors that its power iteration leaves. */
  readonly #iterations = new Map<string, number>();

  current(key: string): number {
    return this.#current.get(key) ?? 0;
  }

  birth(version: number): Block | undefined {
    return this.#births.get(version);
  }

  bump(keys: Iterable<string>, block: Block): void {
    for (const key of keys) this.#current.set(key, this.#fresh(block));
  }

  sample(name: string, count: Count): void {
    this.#counts.set(name, count);
  }

  countOf(source: string): Count {
    return this.#counts.get(source) ?? 'batch';
  }

  /** One iteration for one version of a kernel: asked for again, it has the same result. */
  iterate(kernel: string, version: number, vectors: readonly string[]): number {
    const key = `${version} ${kernel}`;
    const after = this.#iterations.get(key) ?? this.#fresh(this.#births.get(version));
    this.#iterations.set(key, after);
    for (const vector of vectors) this.#current.set(vector, after);
    return after;
  }

  #fresh(block: Block | undefined): number {
    this.#last += 1;
    if (block) this.#births.set(this.#last, block);
    return this.#last;
  }
}

/** What the statements of a block change, whichever of them are executed. */
export class Changes {
  readonly #model: Model;
  readonly #nets: ReadonlyMap<string, Net>;
  readonly #netOfStatistic: ReadonlyMap<string, string>;
  /** Nets whose average has surely begun; until then it is the net itself. */
  readonly #averaging = new Set<string>();
  readonly #called = new Map<string, ReadonlySet<string>>();

  constructor(model: Model) {
    this.#model = model;
    this.#nets = new Map(model.nets.map((net) => [net.name, net]));
    this.#netOfStatistic = new Map(model.nets.flatMap((net) => net.stats.map((s) => [s.name, net.name])));
  }

  averageBegins(net: string): void {
    this.#averaging.add(net);
  }

  ofBlock(body: readonly Action[]): ReadonlySet<string> {
    return new Set(body.flatMap((action) => [...this.#ofAction(action)]));
  }

  #ofAction(action: Action): Iterable<string> {
    switch (action.kind) {
      case 'sample':
        return this.ofSample(action.sources);
      case 'update':
        return [...this.ofUpdate(action), ...this.#statistics(action.objective)];
      case 'together':
        return [
          ...this.ofWeights(action.restored),
          ...action.updates.flatMap((update) => [
            ...this.ofUpdate(update),
            ...this.#statistics(update.objective),
          ]),
        ];
      case 'clip':
        return this.ofWeights([action.net]);
      case 'average':
        return this.ofAverage(action.net);
      case 'set':
        return [stateKey(action.state), ...this.#statistics(action.value)];
      case 'save':
        return [];
      case 'restore':
        return this.ofWeights(action.nets);
      default:
        return this.ofBlock(action.body);
    }
  }

  /** Sampling one field of a record draws the whole record. */
  ofSample(sources: readonly string[]): string[] {
    return [DRAWS, ...this.sampled(sources).map(sourceKey)];
  }

  sampled(sources: readonly string[]): string[] {
    const names = new Set(sources);
    for (const { fields } of this.#model.data) {
      if (fields.some((f) => names.has(f.name))) for (const f of fields) names.add(f.name);
    }
    return [...names];
  }

  ofUpdate(action: UpdateAction): string[] {
    return this.ofWeights(action.nets);
  }

  ofWeights(nets: readonly string[]): string[] {
    return nets.flatMap((net) =>
      this.#net(net).weights.flatMap((w) => [
        weightKey('live', w.name),
        ...(this.#averaging.has(net) ? [] : [weightKey('averaged', w.name)]),
      ]),
    );
  }

  ofStatistic(name: string): string[] {
    const averaging = this.#averaging.has(this.#netOfStatistic.get(name)!);
    return [statKey('live', name), ...(averaging ? [] : [statKey('averaged', name)])];
  }

  /** Batch norm's averages are copied along. */
  ofAverage(net: string): string[] {
    const { weights, stats } = this.#net(net);
    return [
      ...weights.map((w) => weightKey('averaged', w.name)),
      ...stats.map((s) => statKey('averaged', s.name)),
    ];
  }

  /** The statistics that a training evaluation of the value may move. */
  #statistics(value: Term): string[] {
    const nets = new Set<string>();
    for (const name of callsOf([value])) for (const net of this.#reached(name)) nets.add(net);
    return [...nets].flatMap((net) => this.#net(net).stats.flatMap((s) => this.ofStatistic(s.name)));
  }

  /** A net and the nets that it calls, however deep. */
  #reached(name: string): ReadonlySet<string> {
    let reached = this.#called.get(name);
    if (reached === undefined) {
      const all = new Set<string>();
      const open = [name];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (all.has(next)) continue;
        all.add(next);
        open.push(...this.#net(next).calls);
      }
      reached = all;
      this.#called.set(name, all);
    }
    return reached;
  }

  #net(name: string): Net {
    const net = this.#nets.get(name);
    if (!net) throw new Error(`internal: there is no net ${name}`);
    return net;
  }
}

/** The nets that expressions call, outside the bodies of nets. */
export function callsOf(terms: readonly Term[]): ReadonlySet<string> {
  const nets = new Set<string>();
  for (const term of postorder(terms)) if (term.kind === 'result') nets.add(term.call.net);
  return nets;
}

/** The sources that expressions read. */
export function sourcesOf(terms: readonly Term[]): ReadonlySet<string> {
  const sources = new Set<string>();
  for (const term of postorder(terms)) if (term.kind === 'source') sources.add(term.source);
  return sources;
}
