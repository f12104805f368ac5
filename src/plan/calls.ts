/**
 * Which call of a net a value belongs to, for its variable's name: with `D(x)` and `D(fake)` in one function there are
 * `D_conv_1$x` and `D_conv_1$fake`. Nets are inlined in the graph, so it is read off what flows into them.
 */
import type { Node } from '../ir/graph.ts';
import { inOrder } from '../ir/print.ts';
import { isNumber } from './numbers.ts';

export class Calls {
  /** For each node the labels of the calls that it stems from, by net. */
  readonly #labels = new Map<Node, ReadonlyMap<string, ReadonlySet<string>>>();
  /** Nets that are called on different things. */
  readonly #several = new Set<string>();

  constructor(roots: readonly Node[], names: ReadonlyMap<Node, string>, isForward: (node: Node) => boolean) {
    const all = new Map<string, Set<string>>();
    for (const node of inOrder(roots)) {
      if (node.kind !== 'op') continue;
      const labels = new Map<string, Set<string>>();
      const net = netOf(node);
      for (const arg of node.args) {
        for (const [of, found] of this.#labels.get(arg) ?? []) {
          // Inside a net, what its caller stems from no longer matters.
          if (net !== null && of !== net && isForward(node)) continue;
          for (const label of found) add(labels, of, label);
        }
        // Numbers (a count, 1/n) are the same in all nets.
        if (net === null || !isForward(node) || netOf(arg) === net || isNumber(arg)) continue;
        const label = entry(arg, names);
        if (label !== null) add(labels, net, label);
      }
      this.#labels.set(node, labels);
      if (net !== null && isForward(node)) for (const label of labels.get(net) ?? []) add(all, net, label);
    }
    for (const [net, labels] of all) if (labels.size > 1) this.#several.add(net);
  }

  /** `$x`, where it tells the value from others of its name; else ''. */
  suffix(node: Node): string {
    const net = netOf(node);
    if (net === null || !this.#several.has(net)) return '';
    const labels = this.#labels.get(node)?.get(net);
    return labels?.size === 1 ? `$${[...labels][0]}` : '';
  }

  /** `D(x)`; `D` of what stems from several calls, or from none. */
  call(node: Node): string | null {
    const net = netOf(node);
    if (net === null) return null;
    const labels = this.#labels.get(node)?.get(net);
    return labels?.size === 1 ? `${net}(${[...labels][0]})` : net;
  }
}

function add(to: Map<string, Set<string>>, key: string, value: string): void {
  const known = to.get(key);
  if (known) known.add(value);
  else to.set(key, new Set([value]));
}

/** `D` of `D/conv_1`. */
function netOf(node: Node): string | null {
  const slash = node.origin.indexOf('/');
  return node.kind === 'op' && slash !== -1 ? node.origin.slice(0, slash) : null;
}

/** What a net is called on, in a word. */
function entry(node: Node, names: ReadonlyMap<Node, string>): string | null {
  const name = names.get(node);
  if (name !== undefined) return name;
  if (node.kind === 'leaf') {
    if (node.leaf.kind === 'source' || node.leaf.kind === 'state') return node.leaf.name;
    // A draw inside a net (a dropout mask) is the net's own affair.
    return node.leaf.kind === 'draw' && !node.origin.includes('/') ? node.origin : null;
  }
  return netOf(node) ?? (node.origin === '' ? node.op : node.origin);
}
