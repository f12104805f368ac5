/**
 * The names of draws. A draw is fixed by its place, the way of calls that led to it, and the latest `sample`; `place#k`
 * says the first two, and the run adds the third. Versions of weights and samples have no part in a name: so a value that
 * a block may have changed, and has not, keeps its draws.
 */
import type { LeafNode, Node } from '../ir/graph.ts';
import type { DrawNames, Step } from './plan.ts';
import { walk } from './uses.ts';

/** `k` counts the ways of calls that lead to one place, in the order of evaluation. */
export function nameDraws(steps: readonly Step[]): DrawNames {
  const draws = drawsOf(steps).sort((p, q) => p.id - q.id);
  /** By place: the ways of calls that lead to it. */
  const calls = new Map<string, number[]>();
  const names = new Map<Node, string>();
  for (const node of draws) {
    if (node.leaf.kind !== 'draw') continue;
    const { place, call } = node.leaf;
    const known = calls.get(place) ?? [];
    calls.set(place, known);
    const k = known.indexOf(call);
    names.set(node, `${place}#${k === -1 ? known.push(call) - 1 : k}`);
  }
  return names;
}

function drawsOf(steps: readonly Step[]): LeafNode[] {
  const draws = new Set<LeafNode>();
  for (const step of walk(steps)) {
    if (step.kind === 'compute' && step.node.kind === 'leaf') draws.add(step.node);
  }
  return [...draws];
}
