/** Lays a tree of blocks out as steps, chains gathered, and frees each value after its last use. */
import type { Node } from '../ir/graph.ts';
import { operations } from '../ops/table.ts';
import type { Block } from './blocks.ts';
import { fuse } from './fuse.ts';
import { isMade, type Placed } from './place.ts';
import { operandsOf, type Step } from './plan.ts';

/** `kept`: what outlives the steps. */
export function layOut(root: Block, placed: Placed, kept?: Node): Step[] {
  return lay(root, placed, kept).steps;
}

interface Laid {
  readonly steps: Step[];
  /** What the block uses and does not compute itself. */
  readonly uses: ReadonlySet<Node>;
}

function lay(block: Block, placed: Placed, kept?: Node): Laid {
  const single: Step[] = [];
  const uses = new Map<Step, readonly Node[]>();
  const add = (step: Step, nodes: readonly Node[]): void => {
    single.push(step);
    uses.set(step, nodes);
  };
  const before = placed.get(block);
  const extra = (index: number): void => {
    for (const step of before?.get(index) ?? []) add(step, usedBy(step));
  };
  block.items.forEach((item, index) => {
    extra(index);
    if (item.kind === 'statement') {
      for (const step of item.steps) add(step, usedBy(step));
      return;
    }
    const { what } = item.block;
    const inner = lay(item.block, placed);
    const [only] = inner.steps;
    if (!only) return;
    const nodes = [...inner.uses];
    if (what.kind === 'repeat') {
      add({ kind: 'repeat', count: what.count, body: inner.steps, span: what.span }, nodes);
    } else if (what.kind === 'when') {
      // A guard made for values before a loop is not needed where there are none.
      const bare = what.guard.kind === 'positive' && inner.steps.length === 1 && only.kind === 'repeat';
      if (bare) add(only, nodes);
      else add({ kind: 'when', guard: what.guard, body: inner.steps, span: what.span }, nodes);
    }
  });
  extra(block.items.length);

  const steps = fuse(single, (step) => uses.get(step)!, operations, kept);
  const made = new Set<Node>();
  const last = new Map<Node, number>();
  steps.forEach((step, i) => {
    for (const node of uses.get(step) ?? usedBy(step)) last.set(node, i);
    if (step.kind === 'compute') made.add(step.node);
    else if (step.kind === 'fuse') for (const node of step.results) made.add(node);
  });
  const dying = new Map<number, Node[]>();
  for (const [node, i] of last) {
    if (!made.has(node) || node === kept) continue;
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

function usedBy(step: Step): readonly Node[] {
  switch (step.kind) {
    case 'compute':
      return step.node.kind === 'op' ? step.node.args.filter(isMade) : [];
    case 'fuse':
      return operandsOf(step).filter(isMade);
    case 'update':
      return step.gradients.filter(isMade);
    case 'move':
      return step.values.filter(isMade);
    case 'log':
    case 'set':
      return isMade(step.value) ? [step.value] : [];
    default:
      return [];
  }
}
