/** Which part of a text each comment speaks of: for whoever prints the tree anew or moves parts of it. */
import {
  type Element,
  emptyLines,
  endOf,
  isToken,
  type Token,
  type TreeNode,
  type Trivia,
  triviaOf,
} from './tree.ts';

export interface Attached {
  readonly comment: Trivia;
  /** `inside`: of brackets with nothing else between them, or of a file with nothing else in it. */
  readonly place: 'leading' | 'trailing' | 'inside';
  /** A node; or a token, where that is a name or a literal. */
  readonly to: Element;
  /** Nothing but blanks stands before it on its line. */
  readonly ownLine: boolean;
  /** Empty lines between it and what stands above and below. */
  readonly above: number;
  readonly below: number;
}

/** Every comment of the tree, in the order of the text. Each is given to the largest part that begins or ends next to it. */
export function attachComments(root: TreeNode): Attached[] {
  const found: Attached[] = [];
  /** What stands before the first token of a node was given out further up. */
  const visit = (node: TreeNode): void => {
    for (const [i, child] of node.children.entries()) {
      const token = i === 0 && node !== root ? undefined : firstToken(child);
      if (token && /[/#]/.test(token.before)) found.push(...attach(node, i, token));
      if (!isToken(child)) visit(child);
    }
  };
  visit(root);
  return found;
}

function firstToken(element: Element): Token | undefined {
  let at: Element | undefined = element;
  while (at && !isToken(at)) at = at.children[0];
  return at;
}

/** The comments between two children of `node`, of which the second is number `i` and begins with `token`. */
function attach(node: TreeNode, i: number, token: Token): Attached[] {
  const pieces = triviaOf(token);
  return pieces.flatMap((comment, at): Attached[] => {
    if (comment.kind !== 'comment') return [];
    const gap = node.children[i - 1];
    const before = pieces.slice(0, at);
    const ownLine = gap === undefined || before.some(({ text }) => /[\r\n]/.test(text));
    const blank = (piece: Trivia | undefined) => (piece?.kind === 'blank' ? emptyLines(piece.text) : 0);
    const where = placeOf(node, i, ownLine);
    return [{ comment, ...where, ownLine, above: blank(pieces[at - 1]), below: blank(pieces[at + 1]) }];
  });
}

function placeOf(node: TreeNode, i: number, ownLine: boolean): Pick<Attached, 'place' | 'to'> {
  const { children } = node;
  const preceding = children.findLast((child, at) => at < i && isPart(child));
  const following = children.find((child, at) => at >= i && isPart(child));
  // Behind a sign that awaits something (`=`, `(`, `|>`, `+`), a comment speaks of what comes, else of what was.
  const awaits =
    ownLine || (preceding && endOf(preceding) !== endOf(children[i - 1]!) && !isComma(children[i - 1]!));
  const leading = following && ({ place: 'leading', to: following } as const);
  const trailing = preceding && ({ place: 'trailing', to: preceding } as const);
  return (awaits ? (leading ?? trailing) : (trailing ?? leading)) ?? { place: 'inside', to: node };
}

const literals = new Set(['Identifier', 'Word', 'Number', 'String', 'True', 'False']);

function isPart(element: Element): boolean {
  return isToken(element) ? literals.has(element.role) && element.image !== '' : element.children.length > 0;
}

function isComma(element: Element): boolean {
  return isToken(element) && element.role === 'Comma';
}
