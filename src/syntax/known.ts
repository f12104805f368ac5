/** Declarations of an earlier text of the same file: one whose text is the same is not parsed again, only moved. */
import type { Declaration, File } from './ast.ts';
import { type Element, isToken, type TreeNode } from './tree.ts';

/** A text with what was made of it. */
export interface Parsed {
  readonly text: string;
  readonly file: File;
}

export interface Known {
  readonly declaration: Declaration;
  readonly node: TreeNode;
}

/** The declarations of which nothing was said, by their text, each to be taken once. */
export function knownIn({ text, file }: Parsed): Map<string, Known[]> {
  const known = new Map<string, Known[]>();
  const nodes = file.tree.children.filter((c): c is TreeNode => c.kind === 'declaration');
  for (const [i, declaration] of file.declarations.entries()) {
    const node = nodes[i]!;
    if (declaration.broken || node.broken) continue;
    const own = text.slice(node.start, node.end);
    const same = known.get(own);
    if (same) same.push({ declaration, node });
    else known.set(own, [{ declaration, node }]);
  }
  return known;
}

/** The same declaration `by` characters further on, with this documentation. */
export function movedDeclaration(declaration: Declaration, by: number, doc: string): Declaration {
  const now = by === 0 ? declaration : (movedPart(declaration, by) as Declaration);
  return now.doc === doc ? now : { ...now, doc };
}

/** Any part of an AST: all its spans lie in one file. As deep as the parser lets texts nest. */
function movedPart(part: unknown, by: number): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map((item) => movedPart(item, by));
  const now: Record<string, unknown> = {};
  const isSpan = 'file' in part;
  for (const [key, value] of Object.entries(part)) {
    now[key] = isSpan && typeof value === 'number' ? value + by : movedPart(value, by);
  }
  return now;
}

/** The same tree `by` characters further on, with this text before its first token. */
export function movedTree(node: TreeNode, by: number, before: string): TreeNode {
  const children = node.children.map((child, i): Element => {
    const first = i === 0;
    if (isToken(child)) {
      if (by === 0 && !(first && child.before !== before)) return child;
      return { ...child, startOffset: child.startOffset + by, ...(first ? { before } : {}) };
    }
    if (first) return movedTree(child, by, before);
    return by === 0 ? child : movedTree(child, by, firstBefore(child));
  });
  return { ...node, start: node.start + by, end: node.end + by, children };
}

function firstBefore(element: Element): string {
  let at: Element | undefined = element;
  while (at && !isToken(at)) at = at.children[0];
  return at?.before ?? '';
}
