/** The emitted folder: what lies in it, and that npm would find in it what the project itself uses. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'test/golden/emit/ring.gan'), 'utf8');

function files(path: string, source = text) {
  return compile(
    { source: { path, text: source }, load: (used) => ({ path: used, text: 'param gamma = 1\n' }) },
    { runtime: '// the runtime\n', version: '9.9.9', target: 'node' },
  ).files!;
}

test('holds the program, its map, the runtime, the manifest, a page and the source', () => {
  const folder = files('models/ring.gan');
  expect(Object.keys(folder).sort()).toEqual([
    'README.md',
    'package.json',
    'ring.gan',
    'ring.js',
    'ring.js.map',
    'runtime.js',
  ]);
  expect(folder['ring.gan']).toBe(text);
  expect(folder['runtime.js']).toBe('// the runtime\n');
  expect(folder['README.md']).toContain('node ring.js');
  const map = JSON.parse(folder['ring.js.map']!);
  expect(map.sources).toEqual(['ring.gan']);
  expect(map.sourcesContent).toEqual([text]);
});

test('a model called as a file of the runtime makes way for it', () => {
  const folder = files('runtime.gan');
  expect(folder['runtime.js']).toBe('// the runtime\n');
  expect(folder['runtime-model.js']).toContain("from './runtime.js'");
  expect(JSON.parse(folder['package.json']!).main).toBe('runtime-model.js');
  expect(folder['README.md']).toContain('node runtime-model.js');
});

test('a used file lies beside', () => {
  const folder = files('models/ring.gan', `use "parts/common.gan"\n${text.replace('param gamma = 1', '')}`);
  expect(folder['common.gan']).toBe('param gamma = 1\n');
});

test('pins what the project itself is built and tested with', () => {
  const manifest = JSON.parse(files('ring.gan')['package.json']!);
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(manifest.type).toBe('module');
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    expect(`${name} ${version}`).toBe(`${name} ${own.dependencies[name]}`);
  }
  expect(manifest.peerDependenciesMeta['@tensorflow/tfjs-node'].optional).toBe(true);
});

test('a file with errors gives none', () => {
  const result = compile(
    { source: { path: 'bad.gan', text: text.replace('normal[4]', 'normal[5]') }, load: () => undefined },
    { runtime: '', version: '', target: 'node' },
  );
  expect(result.files).toBeUndefined();
  expect(result.diagnostics.some((d) => d.severity === 'error')).toBe(true);
});

describe('for browsers', () => {
  const template = '<title>{{title}}</title><p>{{description}}</p><body data-model="{{model}}">{{other}}';
  const page = (path: string, source = text) =>
    compile(
      { source: { path, text: source }, load: () => undefined },
      { page: template, version: '9.9.9', target: 'browser' },
    ).files!;

  test('holds the page, the module with what lies beside it, and the source', () => {
    const folder = page('models/ring.gan');
    expect(Object.keys(folder).sort()).toEqual([
      'README.md',
      'index.html',
      'ring.gan',
      'ring.js',
      'ring.js.map',
    ]);
    expect(folder['ring.js']).toContain(
      "import * as tf from './tfjs.js';\nimport { main, nn } from './runtime.js';",
    );
    expect(folder['index.html']).toMatch(/^<title>ring<\/title><p>.+<\/p><body data-model="\.\/ring\.js">$/s);
    expect(folder['README.md']).toContain('ganc serve .');
    expect(JSON.parse(folder['ring.js.map']!).file).toBe('ring.js');
  });

  test('words of the file are text, whatever they say', () => {
    const folder = page('a<b>.gan', `// <script>alert("&")</script>\n\n${text}`);
    expect(folder['index.html']).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;');
    expect(folder['index.html']).not.toContain('<script>');
    expect(folder['index.html']).toContain('data-model="./a-b.js"');
  });

  test('a model called as a file of the runtime makes way for it', () => {
    const folder = page('runtime.gan');
    expect(Object.keys(folder)).toContain('runtime-model.js');
    expect(folder['index.html']).toContain('data-model="./runtime-model.js"');
    expect(folder['runtime.js']).toBeUndefined();
  });
});
