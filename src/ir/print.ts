/** Graphs as text, one node a line, for people and snapshots. */
import type { Leaf, Node, Region } from './graph.ts';
import type { HostExpr } from './host.ts';
import { dependencies } from './loops.ts';
import type { Attr, Count, NDArray, Shape } from './types.ts';

/**
 * The nodes on which `results` depend, in order, numbered from 0 as they appear (so that the text does not change with
 * what else the builder holds). Numbers among the operands are written out.
 */
export function printGraph(results: readonly Node[], names: readonly string[] = []): string {
  const numbers = new Map<Node, string>();
  const lines: string[] = [];
  for (const node of inOrder(results)) {
    const inline = inlineNumber(node);
    if (inline !== null) {
      numbers.set(node, inline);
      continue;
    }
    const name = `%${lines.length}`;
    numbers.set(node, name);
    const origin = node.origin === '' ? '' : `  // ${node.origin}`;
    lines.push(`${name} = ${printNode(node, (a) => numbers.get(a) ?? '?')} : ${printType(node)}${origin}`);
  }
  for (const [i, result] of results.entries()) {
    lines.push(`${names[i] ?? `result ${i}`} = ${numbers.get(result)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** One node's right-hand side: `conv(%3, %4) {stride=[2,2]}`. */
export function printNode(node: Node, nameOf: (argument: Node) => string): string {
  if (node.kind === 'leaf') return printLeaf(node.leaf);
  const attrs = Object.entries(node.attrs).map(([key, value]) => `${key}=${printAttr(value)}`);
  const turn = node.region ? ` ${printTurn(node.region, nameOf)}` : '';
  return `${node.op}(${node.args.map(nameOf).join(', ')})${attrs.length === 0 ? '' : ` {${attrs.join(' ')}}`}${turn}`;
}

/** What a turn does with what it is given: `turn %4 to %9, keeping %9`. */
function printTurn({ carried, next, collected }: Region, nameOf: (argument: Node) => string): string {
  const parts = [
    ...carried.map((leaf, k) => `${nameOf(leaf)} to ${nameOf(next[k]!)}`),
    ...collected.map((value) => `keeping ${nameOf(value)}`),
  ];
  return `turn ${parts.join(', ')}`;
}

/** `batch×[14,14,64]`, `[5,5,1,64]`, `500×[]`. */
export function printType(of: { readonly shape: Shape; readonly count: Count | null }): string {
  return `${of.count === null ? '' : `${of.count}×`}[${of.shape.join(',')}]`;
}

/** Everything that `results` depend on, by rising id. */
export function inOrder(results: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const stack = [...results];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...dependencies(node));
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function inlineNumber(node: Node): string | null {
  if (node.kind !== 'leaf' || node.leaf.kind !== 'constant' || node.shape.length > 0) return null;
  return String(node.leaf.value.data[0]);
}

function printLeaf(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'constant':
      return `constant ${printNumbers(leaf.value)}`;
    case 'host':
      return `host ${printHost(leaf.expr)}`;
    case 'count':
      return `count ${leaf.count}`;
    case 'state':
      return `state ${leaf.name}@${leaf.version}`;
    case 'source':
      return `source ${leaf.name}@${leaf.version}`;
    case 'weight':
    case 'stat':
      return `${leaf.kind} ${leaf.name}@${leaf.version}${leaf.copy === 'live' ? '' : ` ${leaf.copy}`}`;
    case 'turn':
      return `turn ${leaf.place}`;
    case 'draw': {
      const call = leaf.call === 0 ? '' : ` of call ${leaf.call}`;
      return `draw ${leaf.dist.kind} ${leaf.place}@${leaf.version}${call}`;
    }
  }
}

function printNumbers({ data }: NDArray): string {
  const shown = [...data.slice(0, 8)].map((x) => String(x));
  return `(${shown.join(' ')}${data.length > 8 ? ` … ${data.length} numbers` : ''})`;
}

function printAttr(attr: Attr): string {
  if (Array.isArray(attr)) return `[${attr.map(printAttr).join(',')}]`;
  if (typeof attr === 'object' && attr !== null) {
    const entries = Object.entries(attr as Readonly<Record<string, Attr>>);
    return `{${entries.map(([key, value]) => `${key}=${printAttr(value)}`).join(' ')}}`;
  }
  return String(attr);
}

/** A host scalar in prefix form: `mul(0.1, sub(1, progress))`. */
export function printHost(expr: HostExpr): string {
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'unary':
      return `${expr.op}(${printHost(expr.operand)})`;
    case 'binary':
      return `${expr.op}(${printHost(expr.left)}, ${printHost(expr.right)})`;
    case 'if':
      return `if(${printHost(expr.condition)}, ${printHost(expr.then)}, ${printHost(expr.else)})`;
    default:
      return expr.kind;
  }
}
