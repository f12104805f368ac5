/** A schedule's statements as a tree of blocks, before it is decided where values are computed. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Node } from '../ir/graph.ts';
import type { HostExpr } from '../ir/host.ts';
import type { Guard, Step } from './plan.ts';

export type BlockKind =
  | { readonly kind: 'step' }
  | { readonly kind: 'repeat'; readonly count: HostExpr; readonly span: Span }
  | { readonly kind: 'when'; readonly guard: Guard; readonly span: Span };

export class Block {
  readonly what: BlockKind;
  readonly parent: Block | null;
  /** Position among the parent's items. */
  readonly at: number;
  readonly depth: number;
  readonly items: Item[] = [];

  constructor(what: BlockKind, parent: Block | null) {
    this.what = what;
    this.parent = parent;
    this.at = parent ? parent.items.length : 0;
    this.depth = parent ? parent.depth + 1 : 0;
    parent?.items.push({ kind: 'block', block: this });
  }

  /** Executed whenever the parent is, at least once. */
  get sure(): boolean {
    return this.what.kind === 'repeat' && atLeastOnce(this.what.count);
  }

  statement(steps: readonly Step[], needs: readonly Node[]): void {
    this.items.push({ kind: 'statement', steps, needs });
  }

  contains(other: Block): boolean {
    let at: Block | null = other;
    while (at !== null && at.depth > this.depth) at = at.parent;
    return at === this;
  }
}

export type Item =
  /** Steps that are taken together once their `needs` have been computed. */
  | { readonly kind: 'statement'; readonly steps: readonly Step[]; readonly needs: readonly Node[] }
  | { readonly kind: 'block'; readonly block: Block };

/** Before item `index` of a block. */
export interface Site {
  readonly block: Block;
  readonly index: number;
}

export function atLeastOnce(count: HostExpr): boolean {
  return count.kind === 'number' && count.value >= 1;
}

/** The innermost of blocks that lie around one another. */
export function innermost(a: Block, b: Block): Block {
  return a.depth >= b.depth ? a : b;
}
