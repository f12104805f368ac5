/** Which nets have to be copied as a phase begins. */
import type { LeafNode } from '../ir/graph.ts';
import type { Model } from '../model/model.ts';

/** Nets of which a frozen copy is read. */
export function frozenNets(model: Model, leaves: readonly LeafNode[]): string[] {
  const names = new Set(
    leaves.flatMap(({ leaf }) =>
      (leaf.kind === 'weight' || leaf.kind === 'stat') && leaf.copy === 'frozen' ? [leaf.name] : [],
    ),
  );
  const has = (specs: readonly { name: string }[]): boolean => specs.some((spec) => names.has(spec.name));
  return model.nets.filter((net) => has(net.weights) || has(net.stats)).map((net) => net.name);
}
