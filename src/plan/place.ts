/**
 * Decides where each value is computed: once, right before the first statement that needs it, outside of the loops that
 * don't change it, and before a conditional block if it is needed after it too.
 */

import type { Node } from '../ir/graph.ts';
import { dependencies, isPart } from '../ir/loops.ts';
import { type Block, innermost, type Site } from './blocks.ts';
import type { Move } from './build.ts';
import type { Step } from './plan.ts';
import type { Versions } from './versions.ts';

export interface Iteration {
  readonly kernel: string;
  readonly u: string;
  readonly v: string;
}

type MoveStep = Extract<Step, { kind: 'move' }>;

/** What has been decided: the steps to take before each item of a block. */
export type Placed = ReadonlyMap<Block, ReadonlyMap<number, readonly Step[]>>;

export interface Placing {
  readonly root: Block;
  readonly versions: Versions;
  readonly moves: readonly { readonly move: Move; readonly sites: readonly Site[] }[];
  /** By the version of the vectors that it makes. */
  readonly iterations: ReadonlyMap<number, Iteration>;
  /** Needed to the end: an output's result. */
  readonly result?: Node;
}

export function place(given: Placing): Placed {
  const { root, versions } = given;
  const uses = new Map<Node, Site[]>();
  const steps = new Map<Block, Map<number, { order: number; step: Step }[]>>();

  function need(node: Node, site: Site): void {
    const sites = uses.get(node);
    if (sites) sites.push(site);
    else uses.set(node, [site]);
  }
  function put({ block, index }: Site, order: number, step: Step): void {
    const at = steps.get(block) ?? new Map<number, { order: number; step: Step }[]>();
    steps.set(block, at);
    const list = at.get(index);
    if (list) list.push({ order, step });
    else at.set(index, [{ order, step }]);
  }

  const requests: { node: Node; site: Site }[] = [];
  collect(root, requests);
  for (const { node, site } of requests) need(node, site);
  if (given.result) need(given.result, { block: root, index: root.items.length });

  const homes = new Homes(root, versions);
  for (const { move, sites } of given.moves) {
    const home = innermost(homes.of(move.value), homes.of(move.evaluation));
    for (const site of settle(root, sites, home, false)) {
      need(move.value, site);
      // After all values that the statement needs: an average is read as it was when the statement began.
      put(site, Infinity, { kind: 'move', stats: [move.stat], values: [move.value], keep: move.keep });
    }
  }

  const iterationSites = new Map<Iteration, { order: number; home: Block; sites: Site[] }>();
  for (const node of needed(uses.keys())) {
    // Users come before what they use, so all sites are known.
    const sites = uses.get(node)!;
    if (isPart(node)) {
      // The loop makes it, wherever that is.
      for (const site of sites) need(node.args[0]!, site);
    } else if (node.kind === 'op' || isMade(node)) {
      const isDraw = node.kind === 'leaf' && node.leaf.kind === 'draw';
      for (const site of settle(root, sites, homes.of(node), isDraw)) {
        put(site, node.id, { kind: 'compute', node });
        if (node.kind === 'op') for (const arg of node.args) need(arg, site);
      }
    } else if (node.leaf.kind === 'stat') {
      const iteration = given.iterations.get(node.leaf.version);
      if (!iteration) continue;
      const known = iterationSites.get(iteration);
      if (known) {
        known.sites.push(...sites);
        known.order = Math.min(known.order, node.id);
      } else {
        iterationSites.set(iteration, { order: node.id, home: homes.of(node), sites: [...sites] });
      }
    }
  }
  for (const [{ kernel, u, v }, { order, home, sites }] of iterationSites) {
    for (const site of settle(root, sites, home, false)) put(site, order, { kind: 'iterate', kernel, u, v });
  }

  const placed = new Map<Block, Map<number, readonly Step[]>>();
  for (const [block, at] of steps) {
    const sorted = [...at].map(([index, list]) => {
      list.sort((p, q) => (p.order === q.order ? 0 : p.order - q.order));
      return [index, together(list.map((p) => p.step))] as const;
    });
    placed.set(block, new Map(sorted));
  }
  return placed;
}

/** Moves that follow one another are one, unless the same average moves again. */
function together(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (step.kind === 'move' && last?.kind === 'move' && canJoin(last, step)) {
      const [stats, values] = [
        [...last.stats, ...step.stats],
        [...last.values, ...step.values],
      ];
      result[result.length - 1] = { ...last, stats, values };
    } else result.push(step);
  }
  return result;
}

function canJoin(a: MoveStep, b: MoveStep): boolean {
  return a.keep === b.keep && !b.stats.some((stat) => a.stats.includes(stat));
}

/** Leaves that the step itself makes; the rest are the run's, or numbers. */
export function isMade(node: Node): boolean {
  if (node.kind === 'op') return true;
  if (node.leaf.kind === 'draw') return true;
  return node.leaf.kind === 'constant' && node.shape.length > 0;
}

function collect(block: Block, into: { node: Node; site: Site }[]): void {
  block.items.forEach((item, index) => {
    if (item.kind === 'block') collect(item.block, into);
    else for (const node of item.needs) into.push({ node, site: { block, index } });
  });
}

/** The nodes and all that they are made from, the youngest first. */
function* needed(roots: Iterable<Node>): Generator<Node> {
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') open.push(...node.args);
  }
  yield* [...seen].sort((p, q) => q.id - p.id);
}

/**
 * Where something needed at these sites, and possible anywhere inside `home`, is done. `eager`: rather once for several
 * conditional blocks, even if none of them is executed, than once in each.
 */
function settle(block: Block, sites: readonly Site[], home: Block, eager: boolean): Site[] {
  const children = new Map<Block, Site[]>();
  /** Whether one of the sites is reached each time that the block is executed. */
  let sure = false;
  let index = Infinity;
  for (const site of sites) {
    if (site.block === block) {
      sure = true;
      index = Math.min(index, site.index);
      continue;
    }
    let child = site.block;
    let reached = child.sure;
    while (child.parent !== block) {
      child = child.parent!;
      reached &&= child.sure;
    }
    sure ||= reached;
    index = Math.min(index, child.at);
    const inside = children.get(child);
    if (inside) inside.push(site);
    else children.set(child, [site]);
  }
  const several = children.size > 1;
  const direct = sites.some((site) => site.block === block);
  if (home.contains(block) && (direct || (several && (eager || sure))))
    return [hoisted({ block, index }, home, eager)];
  return [...children].flatMap(([child, inside]) => settle(child, inside, home, eager));
}

/** Out of the loops that don't change it; out of a conditional block only what is `eager`. */
function hoisted(site: Site, home: Block, eager: boolean): Site {
  let best = site;
  for (let at = site.block; at !== home && at.parent !== null; at = at.parent) {
    if (at.what.kind === 'repeat') best = { block: at.parent, index: at.at };
    else if (!eager) break;
  }
  return best;
}

/** The innermost block that a value depends on: it can be computed anywhere inside, from its leaves' birth on. */
class Homes {
  readonly #root: Block;
  readonly #versions: Versions;
  readonly #known = new Map<Node, Block>();

  constructor(root: Block, versions: Versions) {
    this.#root = root;
    this.#versions = versions;
  }

  of(node: Node): Block {
    const stack = [node];
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const args = dependencies(top);
      const missing = this.#known.has(top) ? [] : args.filter((arg) => !this.#known.has(arg));
      if (missing.length > 0) {
        for (const arg of missing) stack.push(arg);
        continue;
      }
      stack.pop();
      if (!this.#known.has(top)) {
        this.#known.set(
          top,
          args.reduce((home, arg) => innermost(home, this.#known.get(arg)!), this.#own(top)),
        );
      }
    }
    return this.#known.get(node)!;
  }

  #own(node: Node): Block {
    if (node.kind === 'op' || !('version' in node.leaf)) return this.#root;
    return this.#versions.birth(node.leaf.version) ?? this.#root;
  }
}
