/** Chevrotain's trees to ours: children in the order of the text, and whatever the parser left out put back in. */
import type { CstElement, CstNode, IToken } from 'chevrotain';
import { movedTree } from './known.ts';
import { type Element, endOf, isToken, startOf, type Token, type TreeNode } from './tree.ts';

/** Builds the tree of one text, declaration by declaration, in order. */
export class TreeBuilder {
  /** The first of all tokens that is not in the tree yet. */
  private next = 0;
  /** Where the text ends that is in the tree. */
  private end = 0;

  /** `tokens`: all of the text, also those that no declaration got. */
  constructor(
    private readonly text: string,
    private readonly tokens: readonly IToken[],
  ) {}

  /** A declaration of which the parser made `cst` (nothing, if it was not asked), and whose tokens end before `limit`. */
  declaration(cst: CstNode | undefined, limit: number, hasErrors: boolean): TreeNode {
    const children = cst === undefined ? [] : [...this.node('declaration', cst).children];
    const skipped = this.skipped(limit);
    if (skipped !== undefined) children.push(skipped);
    return nodeOf('declaration', children, hasErrors);
  }

  /** A declaration of these tokens that was made for an earlier text; undefined where others stand before `limit`. */
  known(node: TreeNode, tokens: readonly IToken[], limit: number): TreeNode | undefined {
    const count = tokens.length;
    const [first, after] = [this.tokens[this.next]!, this.tokens[this.next + count]];
    if (this.tokens[this.next + count - 1] !== tokens.at(-1) || (after?.startOffset ?? limit) < limit)
      return undefined;
    const by = first.startOffset - node.start;
    const moved = movedTree(node, by, this.text.slice(this.end, first.startOffset));
    this.next += count;
    this.end = moved.end;
    return moved;
  }

  /** The tokens before `limit` that are not in the tree yet. */
  skipped(limit: number): TreeNode | undefined {
    let token = this.tokens[this.next];
    if (token === undefined || token.startOffset >= limit) return undefined;
    const children: Token[] = [];
    for (; token && token.startOffset < limit; token = this.tokens[this.next]) {
      children.push(this.token(token, token.tokenType.name));
    }
    return nodeOf('skipped', children, true);
  }

  /** The whole file, once all its declarations are made. */
  file(children: readonly Element[]): TreeNode {
    const rest = this.skipped(Number.POSITIVE_INFINITY);
    const { length } = this.text;
    const last: Token = {
      kind: 'token',
      role: 'End',
      image: '',
      startOffset: length,
      before: this.text.slice(this.end),
    };
    const all = [...children, ...(rest === undefined ? [] : [rest]), last];
    return {
      kind: 'file',
      children: all,
      start: 0,
      end: length,
      broken: all.some((c) => c !== last && isBroken(c)),
    };
  }

  private node(kind: string, cst: CstNode): TreeNode {
    const children: Element[] = [];
    const [role, ...others] = Object.keys(cst.children);
    if (others.length > 0) for (const [role, element] of inOrder(cst)) this.add(children, role, element);
    else if (role !== undefined) for (const element of cst.children[role]!) this.add(children, role, element);
    return nodeOf(kind, children, cst.recoveredNode === true);
  }

  private add(children: Element[], role: string, element: CstElement): void {
    const start = startIn(element);
    // A part of which nothing was written has no place.
    if (Number.isNaN(start)) return;
    const skipped = this.skipped(start);
    if (skipped !== undefined) children.push(skipped);
    if ('children' in element) children.push(this.node(role, element));
    else children.push(element.image === '' ? missing(element, role) : this.token(element, role));
  }

  private token(token: IToken, role: string): Token {
    const { image, startOffset } = token;
    const before = this.text.slice(this.end, startOffset);
    this.next++;
    this.end = startOffset + image.length;
    return { kind: 'token', role, image, startOffset, before };
  }
}

function startIn(element: CstElement): number {
  return 'children' in element ? element.location!.startOffset : element.startOffset;
}

/** The parts of a node in the order of the text. Chevrotain keeps a list for each role, each of them in order. */
function inOrder({ children }: CstNode): (readonly [role: string, element: CstElement])[] {
  const parts = Object.entries(children).flatMap(([role, list]) =>
    list.filter((element) => !Number.isNaN(startIn(element))).map((element) => [role, element] as const),
  );
  return parts.sort(([, a], [, b]) => startIn(a) - startIn(b));
}

/** A closing bracket that `structure.ts` put in. */
function missing({ startOffset }: IToken, role: string): Token {
  return { kind: 'token', role, image: '', startOffset, before: '' };
}

function nodeOf(kind: string, children: readonly Element[], recovered: boolean): TreeNode {
  const [first, last] = [children[0], children.at(-1)];
  const start = first === undefined ? 0 : startOf(first);
  const end = last === undefined ? start : endOf(last);
  return {
    kind,
    children,
    start,
    end,
    broken: recovered || children.length === 0 || children.some(isBroken),
  };
}

function isBroken(element: Element): boolean {
  return isToken(element) ? element.image === '' : element.broken;
}
