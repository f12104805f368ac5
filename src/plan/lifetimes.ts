/** Lays a tree of blocks out as steps, chains gathered, and frees each value after its last use. */
import type { Node } from '../ir/graph.ts';
import { isLoop, isPart, type LoopNode, type PartNode, partOf } from '../ir/loops.ts';
import { operations } from '../ops/table.ts';
import type { Block } from './blocks.ts';
import { fuse } from './fuse.ts';
import { isMade, type Placed } from './place.ts';
import { type Step, turnResults } from './plan.ts';
import { reads } from './uses.ts';

/** `kept`: what outlives the steps. */
export function layOut(root: Block, placed: Placed, kept?: Node): Step[] {
  return lay(root, placed, new Set(kept ? [kept] : [])).steps;
}

interface Laid {
  readonly steps: Step[];
  /** What the block uses and does not compute itself. */
  readonly uses: ReadonlySet<Node>;
}

/** Steps with what each of them uses. */
class Sequence {
  readonly steps: Step[] = [];
  readonly uses = new Map<Step, readonly Node[]>();

  add(step: Step, nodes: readonly Node[] = usedBy(step)): void {
    this.steps.push(step);
    this.uses.set(step, nodes);
  }
}

function lay(block: Block, placed: Placed, kept: ReadonlySet<Node> = new Set()): Laid {
  const single = new Sequence();
  const before = placed.get(block);
  const extra = (index: number): void => {
    for (const step of before?.get(index) ?? []) single.add(step);
  };
  block.items.forEach((item, index) => {
    extra(index);
    if (item.kind === 'statement') {
      for (const step of item.steps) single.add(step);
      return;
    }
    const { what } = item.block;
    const inner = lay(item.block, placed);
    const [only] = inner.steps;
    if (!only) return;
    const nodes = [...inner.uses];
    if (what.kind === 'repeat') {
      single.add({ kind: 'repeat', count: what.count, body: inner.steps, span: what.span }, nodes);
    } else if (what.kind === 'when') {
      // A guard made for values before a loop is not needed where there are none.
      const bare = what.guard.kind === 'positive' && inner.steps.length === 1 && only.kind === 'repeat';
      if (bare) single.add(only, nodes);
      else single.add({ kind: 'when', guard: what.guard, body: inner.steps, span: what.span }, nodes);
    }
  });
  extra(block.items.length);

  return finish(single, kept);
}

/** Loops get their turns, chains are gathered, and each value is freed after its last use. `kept` outlive the steps. */
function finish(given: Sequence, kept: ReadonlySet<Node>): Laid {
  const { steps: single, uses } = withLoops(given, kept);
  const steps = fuse(single, (step) => uses.get(step)!, operations, kept);
  const made = new Set<Node>();
  const last = new Map<Node, number>();
  steps.forEach((step, i) => {
    for (const node of uses.get(step) ?? usedBy(step)) last.set(node, i);
    if (step.kind === 'compute') made.add(step.node);
    else if (step.kind === 'fuse' || step.kind === 'loop') for (const node of step.results) made.add(node);
  });
  const dying = new Map<number, Node[]>();
  for (const [node, i] of last) {
    if (!made.has(node) || kept.has(node)) continue;
    const others = dying.get(i);
    if (others) others.push(node);
    else dying.set(i, [node]);
  }
  const result: Step[] = [];
  steps.forEach((step, i) => {
    result.push(step);
    const dead = dying.get(i);
    if (dead) result.push({ kind: 'free', nodes: dead.sort((p, q) => p.id - q.id) });
  });
  return { steps: result, uses: new Set([...last.keys()].filter((node) => !made.has(node))) };
}

/** A loop makes those of its results that are read here, or outlive the steps. */
function withLoops(given: Sequence, kept: ReadonlySet<Node>): Sequence {
  if (!given.steps.some((step) => step.kind === 'compute' && isLoop(step.node))) return given;
  const parts = new Map<Node, Set<PartNode>>();
  const wanted = (node: Node): void => {
    if (!isPart(node)) return;
    const known = parts.get(node.args[0]!) ?? new Set();
    parts.set(node.args[0]!, known.add(node));
  };
  for (const nodes of given.uses.values()) nodes.forEach(wanted);
  kept.forEach(wanted);
  const result = new Sequence();
  for (const step of given.steps) {
    if (step.kind !== 'compute' || !isLoop(step.node)) {
      result.add(step, given.uses.get(step)!);
      continue;
    }
    const { node } = step;
    const results = [...(parts.get(node) ?? [])].sort((p, q) => partOf(p).index - partOf(q).index);
    result.add({ kind: 'loop', node, results, body: turn(node, results) });
  }
  return result;
}

/** The steps of one turn of a loop that makes these results. */
function turn(node: LoopNode, results: readonly PartNode[]): Step[] {
  const { next, kept } = turnResults({ node, results });
  const roots = new Set([...next, ...kept]);
  const inside = new Set(node.region.inside);
  const needed = new Set<Node>();
  const open = [...roots];
  for (let top = open.pop(); top; top = open.pop()) {
    if (!inside.has(top) || needed.has(top)) continue;
    needed.add(top);
    if (top.kind === 'op') open.push(...top.args);
  }
  const steps = new Sequence();
  for (const top of node.region.inside) {
    if (needed.has(top) && !isPart(top)) steps.add({ kind: 'compute', node: top });
  }
  return finish(steps, roots).steps;
}

function usedBy(step: Step): readonly Node[] {
  return reads(step).filter(isMade);
}
