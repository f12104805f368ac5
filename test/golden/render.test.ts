/** Diagnostics as a terminal, a program and GitHub see them. */
import { describe, expect, test } from 'vitest';
import { renderFrame, summarise, toGithub, toJson } from '../../src/cli/render.ts';
import type { Diagnostic, Source, Span } from '../../src/diagnostics/diagnostic.ts';

/** Spans are written into the text: `«` and `»` around the nth stretch. */
function marked(path: string, text: string): { source: Source; spans: Span[] } {
  let plain = '';
  const starts: number[] = [];
  const spans: Span[] = [];
  for (const c of text) {
    if (c === '«') starts.push(plain.length);
    else if (c === '»') spans.push({ file: path, start: starts.pop()!, end: plain.length });
    else plain += c;
  }
  return { source: { path, text: plain }, spans: spans.sort((a, b) => a.start - b.start) };
}

const finding = (span: Span, more: Partial<Diagnostic> = {}): Diagnostic => ({
  code: 'GAN0000',
  severity: 'error',
  message: 'no layer is called `con`',
  span,
  labels: [],
  notes: [],
  ...more,
});

const frame = (text: string, more: (spans: Span[]) => Partial<Diagnostic> = () => ({})): string => {
  const { source, spans } = marked('models/d.gan', text);
  return `\n${renderFrame(finding(spans[0]!, more(spans)), new Map([[source.path, source]]))}\n`;
};

describe('frames', () => {
  test('a place, and the repair as the new line', () => {
    expect(
      frame('net D(x: [4]) -> [1] =\n  x\n  |> «con»(64)\n', ([at]) => ({
        help: 'did you mean `conv`?',
        fix: [{ span: at!, text: 'conv' }],
      })),
    ).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:3:6
        │
      3 │   |> con(64)
        │      ^^^
        │
        = help: did you mean \`conv\`?
      3 +   |> conv(64)
      "
    `);
  });

  test('labels on other lines, a gap, notes of several lines', () => {
    expect(
      frame('net G(z: [4]) -> «[2]» =\n  z\n  |> relu\n  |> tanh\n  |> «dense(3)»\n', ([type, body]) => ({
        message: 'the body of `G` gives [3], but [2] is declared',
        span: body!,
        labels: [{ span: type!, text: 'declared here' }],
        notes: ['the shapes on the way:\n  z        [4]\n  dense(3) [3]'],
      })),
    ).toMatchInlineSnapshot(`
      "
      error[GAN0000]: the body of \`G\` gives [3], but [2] is declared
        ┌─ models/d.gan:5:6
        │
      1 │ net G(z: [4]) -> [2] =
        │                  --- declared here
        ⋮
      5 │   |> dense(3)
        │      ^^^^^^^^
        │
        = note: the shapes on the way:
                  z        [4]
                  dense(3) [3]
      "
    `);
  });

  test('two labels on one line', () => {
    expect(
      frame('let a = «x» «+» «y»', ([x, plus, y]) => ({
        span: plus!,
        labels: [
          { span: x!, text: '[2]' },
          { span: y!, text: '[3]' },
        ],
      })),
    ).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:1:11
        │
      1 │ let a = x + y
        │           ^
        │         - [2]
        │             - [3]
      "
    `);
  });

  test('a span of several lines is marked where it begins and ends', () => {
    expect(frame('train («batch = 1,\n  steps = 2,\n  foo = 3») {\n}')).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:1:8
        │
      1 │ train (batch = 1,
        │        ^^^^^^^^^^
      2 │   steps = 2,
      3 │   foo = 3) {
        │   ^^^^^^^
      "
    `);
  });

  test('tabs and wide letters keep the caret in its place', () => {
    expect(frame('\tlet 生成 = «μ́»(z)')).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:1:11
        │
      1 │     let 生成 = μ́(z)
        │                ^
      "
    `);
  });

  test('the end of the file', () => {
    expect(frame('net G(\n«»')).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:2:1
        │
      2 │
        │ ^
      "
    `);
  });

  test('a very long line is shown around the place', () => {
    expect(frame(`let a = ${'1 + '.repeat(200)}«oops» + ${'2 + '.repeat(200)}3`)).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:1:809
        │
      1 │ … 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + oops + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 + 2 …
        │                                                       ^^^^
      "
    `);
  });

  test('the repair of a very long line is shown where it is', () => {
    const said = frame(`let a = ${'1 + '.repeat(200)}«oops» + ${'2 + '.repeat(200)}3`, ([at]) => ({
      fix: [{ span: { ...at!, start: at!.end }, text: ' |> relu' }],
    }));
    expect(said).toMatch(/\n1 \+ ….*1 \+ oops \|> relu \+ 2.*…\n/);
  });

  test('control characters do not reach the terminal', () => {
    expect(frame('let «a\u001b[31m» = 1')).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ models/d.gan:1:5
        │
      1 │ let a␛[31m = 1
        │     ^^^^^^
      "
    `);
  });

  test('a label in another file has a place of its own', () => {
    const a = marked('a.gan', 'use "b.gan"\nnet «G»() -> [1] = 1');
    const b = marked('lib/b.gan', 'net «G»() -> [1] = 2');
    const d = finding(a.spans[0]!, { labels: [{ span: b.spans[0]!, text: 'first declared here' }] });
    const sources = new Map([a.source, b.source].map((s) => [s.path, s]));
    expect(`\n${renderFrame(d, sources)}\n`).toMatchInlineSnapshot(`
      "
      error[GAN0000]: no layer is called \`con\`
        ┌─ a.gan:2:5
        │
      2 │ net G() -> [1] = 1
        │     ^
        │
        ┌─ lib/b.gan:1:5
        │
      1 │ net G() -> [1] = 2
        │     - first declared here
      "
    `);
  });
});

test('JSON has places from 1, ends after, and the repair', () => {
  const { source, spans } = marked('d.gan', 'let a = 1\r\nlet b = «con»(a)');
  const d = finding(spans[0]!, { help: 'did you mean `conv`?', fix: [{ span: spans[0]!, text: 'conv' }] });
  expect(toJson([d], new Map([['d.gan', source]]))).toMatchInlineSnapshot(`
    [
      {
        "code": "GAN0000",
        "column": 9,
        "endColumn": 12,
        "endLine": 2,
        "file": "d.gan",
        "fix": [
          {
            "column": 9,
            "endColumn": 12,
            "endLine": 2,
            "file": "d.gan",
            "line": 2,
            "text": "conv",
          },
        ],
        "help": "did you mean \`conv\`?",
        "labels": [],
        "line": 2,
        "message": "no layer is called \`con\`",
        "notes": [],
        "severity": "error",
      },
    ]
  `);
});

test('GitHub: one line, separators escaped', () => {
  const { source, spans } = marked('a,b:c.gan', 'let b = «con»(a)');
  const d = finding(spans[0]!, { severity: 'note', message: '100%\nsure', notes: ['why'], help: 'do' });
  expect(toGithub([d], new Map([['a,b:c.gan', source]]))).toMatchInlineSnapshot(`
    [
      "::notice file=a%2Cb%3Ac.gan,line=1,endLine=1,col=9,endColumn=12,title=GAN0000 (ganc explain GAN0000)::100%25%0Asure.%0Awhy%0AHelp: do",
    ]
  `);
});

test('the summary counts', () => {
  const at = { file: 'a.gan', start: 0, end: 0 };
  expect(summarise([])).toBe('');
  expect(summarise([finding(at)])).toBe('1 error in 1 file');
  expect(
    summarise([finding(at), finding({ ...at, file: 'b.gan' }), finding(at, { severity: 'warning' })]),
  ).toBe('2 errors, 1 warning in 2 files');
});
