/** The tree loses nothing: it gives its text back, and every comment belongs to a part of it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import prelude from '../../grammar/prelude.gan';
import { tokenize } from '../../grammar/tokens.ts';
import type { File } from '../../src/syntax/ast.ts';
import { type Attached, attachComments } from '../../src/syntax/attach.ts';
import { parse } from '../../src/syntax/parse.ts';
import { printAst } from '../../src/syntax/print.ts';
import {
  type Element,
  endOf,
  isToken,
  startOf,
  type TreeNode,
  textOf,
  tokensOf,
} from '../../src/syntax/tree.ts';

const files: [string, string][] = [
  ['prelude', prelude],
  ...readdirSync('models')
    .filter((name) => name.endsWith('.gan'))
    .map((name): [string, string] => [name, readFileSync(`models/${name}`, 'utf8')]),
];

function file(text: string): File {
  return parse({ path: 'model.gan', text }).value!;
}

describe.each(files)('%s', (_, text) => {
  test('comes back byte for byte', () => {
    expect(textOf(file(text).tree)).toBe(text);
  });

  test('has every comment on a part of its tree', () => {
    const attached = attachComments(file(text).tree);
    const { comments } = tokenize(text);
    expect(attached.map(({ comment }) => [comment.start, comment.text])).toEqual(
      comments.map(({ startOffset, image }) => [startOffset, image]),
    );
  });

  test('is the same program when it is printed from tokens and attached comments alone', () => {
    const { tree } = file(text);
    const again = reprint(tree);
    expect(again).not.toBe(text);
    expect(printAst(file(again))).toBe(printAst(file(text)));
    const texts = (of: string) => attachComments(file(of).tree).map(({ comment }) => comment.text);
    expect(texts(again)).toEqual(texts(text));
  });
});

/** Prints with one blank between tokens: what a formatter has, in its plainest form. */
function reprint(tree: TreeNode): string {
  const attached = attachComments(tree);
  const out: string[] = [];
  const comments = (element: Element, place: Attached['place']) => {
    for (const { comment, above, below, ownLine, ...a } of attached) {
      // Empty lines are kept, so that a `///` does not come to stand on what it does not speak of.
      const before = !ownLine ? ' ' : out.at(-1)?.endsWith('\n') ? '' : '\n'.repeat(above + 1);
      if (a.to === element && a.place === place) out.push(before, comment.text, '\n'.repeat(below + 1));
    }
  };
  const print = (element: Element, inside: string) => {
    comments(element, 'leading');
    if (isToken(element)) {
      const touches =
        (inside === 'args' && element.image === '(') ||
        (inside === 'index' && element.image === '[') ||
        element.image === '.' ||
        out.at(-1) === '.';
      out.push(touches ? '' : ' ', element.image);
    } else {
      for (const [i, child] of element.children.entries()) {
        print(child, element.kind);
        if (i === 0) comments(element, 'inside');
      }
    }
    comments(element, 'trailing');
  };
  print(tree, '');
  return out.join('');
}

function where(text: string): string[] {
  return attachComments(file(text).tree).map(
    ({ comment, place, to }) => `${comment.text} ${place} ${text.slice(startOf(to), endOf(to))}`,
  );
}

test.each<[what: string, text: string, ...expected: string[]]>([
  ['above a declaration', '// a\nlet b = 1\n', '// a leading let b = 1'],
  ['behind a declaration', 'let b = 1 // a\nlet c = 2\n', '// a trailing let b = 1'],
  ['at the end of the file', 'let b = 1\n// a\n', '// a trailing let b = 1'],
  ['alone in a file', '// a\n', '// a inside // a\n'],
  ['between stages', 'let b = c\n  // a\n  |> f\n  |> g // h\n  |> i\n', '// a leading f', '// h trailing g'],
  ['behind an operator', 'let b = 1 + // a\n  2\n', '// a leading 2'],
  ['behind a comma', 'let b = f(1, // a\n  2)\n', '// a trailing 1'],
  ['in empty brackets', 'let b = f( // a\n)\n', '// a inside ( // a\n)'],
  ['in an empty list', 'let b = [\n  // a\n]\n', '// a inside [\n  // a\n]'],
  ['in an empty block of statements', 'train (batch = 1) {\n  // a\n}\n', '// a inside {\n  // a\n}'],
  ['among names', 'train (batch = 1) {\n  sample x, // a\n    z\n}\n', '// a trailing x'],
  ['behind the sign of a declaration', 'let b = // a\n  1\n', '// a leading 1'],
  [
    'that is of another language',
    '# a\nlet b = 1 /* c */\n',
    '# a leading let b = 1',
    '/* c */ trailing let b = 1',
  ],
])('a comment %s', (_, text, ...expected) => {
  expect(where(text)).toEqual(expected);
});

test('a name is changed through the tree, and nothing else', () => {
  const text = 'let  b = f(1)  // b\n\nloss l = (b+ b * 2)\n';
  const changed = [...tokensOf(file(text).tree)]
    .map(({ before, image, role }) => before + (role === 'Identifier' && image === 'b' ? 'bee' : image))
    .join('');
  expect(changed).toBe('let  bee = f(1)  // b\n\nloss l = (bee+ bee * 2)\n');
});

test('what is broken is a node', () => {
  const { declarations, tree } = file(
    'let = 3\nlet b = c |> |> f\ntrain (batch = 1) { update D }\nparam d = 4\n',
  );
  expect(declarations.map((d) => [d.kind, d.broken])).toEqual([
    ['error', true],
    ['let', true],
    ['train', true],
    ['param', false],
  ]);
  expect(tree.children.map((c) => !isToken(c) && c.broken)).toEqual([true, true, true, false, false]);
  expect(printAst(file('let b = c |> |> f\n'))).toMatchInlineSnapshot(`
    "file model.gan
      let b
        pipe
          name c
          stage
            error
          stage f
    "
  `);
});
