/**
 * Text of a `.gan` file is never code: whatever stands in its comments, its documentation, its strings, its paths and its
 * name, the emitted folder has the same tokens, elements and commands as that of a harmless twin.
 */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { type Compiled, compile } from '../../src/compile.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 60);
const template = readFileSync('runtimes/browser/page/index.html', 'utf8');

/** Where text of the user's may stand. */
interface Slots {
  /** Comments and documentation. */
  comment: string;
  doc: string;
  /** Strings of the file, and of `--set`. */
  string: string;
  set: string;
  /** The name of the file, and of one that it uses. */
  file: string;
  used: string;
}

const line = (text: string): string => text.replace(/[\r\n]/g, ' ');

/** A comment at every kind of place; strings may hold anything but a quote and a line end. */
function program({ comment, doc, string, used }: Slots): string {
  const c = line(comment);
  const d = line(doc);
  const s = string.replace(/["\r\n]/g, ' ');
  return `// ${c}
//${c}

use "${used.replace(/["\r\n]/g, ' ')}-used.gan"
/// ${d}
param word = "${s}" // ${c}
param said = "plain"
/// ${d}
data x ~ [2] from "ring" //${c}
data y ~ [2] from "${s}"
noise z ~ normal[4]
/// ${d}
net G(z: [4]) -> [2] = z // ${c}
  |> dense(8) //${c}
  |> relu // ${c}
  |> scaled
  |> dense(2)
net D(x: [2]) -> [1] = x |> dense(8) |> tanh |> dense(1)
// ${c}
let fake = G(z)
let r1 = expect(sum(grad(D(x), // ${c}
  x) ^ 2))
/// ${d}
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1 + expect(sum(square(y)))
loss g_loss = expect(softplus(-D(fake))) // ${c}
/// ${d}
/// ${d}
output samples = fake // ${c}
/// ${d}
train learn (batch = 16, steps = 20) {
  // ${c}
  sample x, y, z // ${c}
  update D to minimize d_loss // ${c}
    with adam(1e-3, beta1 = 0)
  sample z
  update G to minimize g_loss with adam(1e-3 * (1 - progress)) // ${c}
}
`;
}

function compiled(slots: Slots, target: 'node' | 'browser'): Compiled {
  const options = { runtime: '// the runtime', page: template, version: '9.9.9', target } as const;
  return compile(
    {
      source: { path: `${slots.file}.gan`, text: program(slots) },
      set: { said: slots.set },
      load: () => ({
        path: `${slots.used}-used.gan`,
        text: `// ${line(slots.comment)}\n/// ${line(slots.doc)}\ndef scaled(v) = v * 0.5 // ${line(slots.comment)}\n`,
      }),
    },
    options,
  );
}

const harmless: Slots = { comment: 'a', doc: 'b', string: 'c', set: 'd', file: 'e', used: 'f' };
const twins = { node: compiled(harmless, 'node').files!, browser: compiled(harmless, 'browser').files! };

/** The code without comments and what strings say. Whatever does not parse as a module throws. */
function tokens(code: string): string {
  const { code: printed } = transformSync(code, {
    format: 'esm',
    minifyWhitespace: true,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'silent',
  });
  return printed.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/gs, '""');
}

/** Elements and their attributes' names, in order. */
function elements(html: string): string[] {
  const { document } = parseHTML(html);
  return [...document.querySelectorAll('*')].map(
    (element) => `${element.tagName} ${[...element.attributes].map(({ name }) => name).join(' ')}`,
  );
}

/** The module's lines as `<script>` would end or hide them, and what tools other than a parser take for a line's end. */
const ESCAPES = /<\/script|<!--|[\r\u2028\u2029\u202a-\u202e\u2066-\u2069\0]/i;
const SAFE_NAME = /^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_.-]*$/u;

function expectHarmless(slots: Slots): void {
  for (const target of ['node', 'browser'] as const) {
    const { files, diagnostics } = compiled(slots, target);
    const twin = twins[target];
    if (!files) {
      // A file with a NUL in it is refused as no text.
      expect(diagnostics.map(({ code }) => code)).toEqual(['GAN0102']);
      return;
    }
    for (const name of Object.keys(files)) expect(name).toMatch(SAFE_NAME);
    expect(Object.keys(files).length).toBe(Object.keys(twin).length);
    const [module, its] = [files, twin].map(
      (of) => Object.keys(of).find((n) => n.endsWith('.js') && n !== 'runtime.js')!,
    );
    const code = files[module!]!;
    expect(code).not.toMatch(ESCAPES);
    expect(tokens(code)).toBe(tokens(twin[its!]!));
    const map = JSON.parse(files[`${module}.map`]!) as { sources: string[] };
    expect(map.sources.every((source) => source === 'prelude.gan' || source in files)).toBe(true);
    expect(headings(files['README.md']!)).toEqual(headings(twin['README.md']!));
    if (target === 'browser') {
      expect(elements(files['index.html']!)).toEqual(elements(twin['index.html']!));
      expect(files['index.html']!.match(/data-model="([^"]*)"/)![1]).toBe(`./${encodeURIComponent(module!)}`);
    } else {
      const manifest = JSON.parse(files['package.json']!);
      expect(Object.keys(manifest)).toEqual(Object.keys(JSON.parse(twin['package.json']!)));
      expect(manifest.scripts).toEqual({ start: `node ${module}` });
      expect(manifest.name).toMatch(/^[a-z0-9][a-z0-9._~-]*$/);
    }
  }
}

/** What begins a block of its own, and every tag. */
function headings(readme: string): string[] {
  const text = readme.replace(/\\.|(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g, 'x');
  return [...text.matchAll(/^[ \t]*(?:#+ |```|~~~)|<|&(?=[a-z#])/gim)].map(([match]) => match);
}

const hostile = [
  ...['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f', '\0', '\u001b[31m', '\u007f'],
  ...[
    '*/',
    '/*',
    '//',
    '*',
    '/',
    '</script>',
    '</SCRIPT >',
    '<!--',
    '-->',
    '<script>alert(1)</script>',
    '<',
    '&lt;',
  ],
  ...[
    '`',
    '```',
    '~~~',
    '${',
    `\${globalThis.injected = 1}`,
    "'",
    '"',
    '\\',
    '\\u0027',
    '\\`',
    ']]>',
    '{{model}}',
  ],
  ...['\u202e', '\u202a', '\u2066', '\u2069', '\u200f', '\ufeff', '\ud800', '\udfff', '😀', '𝒙', 'é', 'е́'],
  ...[
    '(globalThis.injected=1);',
    'await main();',
    '# sourceMappingURL=x',
    '@sourceURL=x',
    '$(touch x)',
    '; rm x',
    '&&',
  ],
  ...[
    '../',
    '..\\',
    '/',
    'con',
    'page.js',
    'index.html',
    'package.json',
    '-e',
    '--help',
    '.',
    '..',
    'runtime',
    '%2e',
    '#',
    '?',
    '+',
    '=',
  ],
  ...[
    'javascript:alert(1)',
    '[a](b)',
    '[a]: b',
    '![x](y)',
    '| a | b |',
    '---',
    '===',
    '    code',
    '1. x',
    '> q',
    '__',
    '**',
  ],
  ...['a', ' ', '\t', 'word', 'x'.repeat(130)],
];
const text = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...hostile) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(''));
const slots: fc.Arbitrary<Slots> = fc.record({
  comment: text,
  doc: text,
  string: text,
  set: text,
  file: text,
  used: text,
});

describe('text of the file stays text', () => {
  test.each(hostile.map((t) => [JSON.stringify(t), t]))('%s everywhere', (_, t) => {
    const everywhere = `${t}(globalThis.injected = true);//${t}`;
    expectHarmless({
      comment: everywhere,
      doc: everywhere,
      string: everywhere,
      set: everywhere,
      file: everywhere,
      used: everywhere,
    });
  });

  test('whatever is put together', () => {
    fc.assert(
      fc.property(slots, (s) => expectHarmless(s)),
      { numRuns: runs },
    );
  });
});
