/**
 * The floors of the house: which folder of src may import from which, and that no files import each other in a circle.
 * A new edge is a decision: it goes into the table here, or the import goes somewhere else.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const src = join(root, 'src');

/** For each floor what it may import besides itself. `grammar` and `runtimes/…` stand outside of src. */
const ALLOWED: Readonly<Record<string, string>> = {
  diagnostics: 'ir',
  syntax: 'diagnostics grammar',
  ir: 'diagnostics ops',
  ops: 'diagnostics ir runtimes/core',
  names: 'diagnostics grammar ops syntax',
  model: 'diagnostics ir ops',
  check: 'check/evaluate check/schedule check/repair diagnostics ir model names ops syntax',
  'check/evaluate': 'check check/repair diagnostics ir model names ops syntax',
  'check/schedule': 'check/evaluate diagnostics ir model names ops syntax',
  'check/repair': 'check/evaluate diagnostics ir model names ops',
  craft: 'diagnostics ir model ops plan',
  plan: 'diagnostics ir model ops syntax',
  'emit/text': 'diagnostics ir model runtimes/core syntax',
  'emit/tfjs': 'diagnostics emit/text ir model ops plan',
  'emit/node': 'diagnostics emit/text model runtimes/core',
  'emit/browser': 'diagnostics emit/node emit/text model',
  emit: 'ir model plan syntax',
  summary: 'check/evaluate craft ir model ops plan',
  compile:
    'check check/repair craft diagnostics emit emit/browser emit/node emit/text emit/tfjs grammar ir model ops plan syntax',
  cli: 'check/evaluate compile diagnostics emit emit/text model models runtimes/core runtimes/node summary',
};

/** Files that import each other because what they evaluate stands in one another. */
const CIRCLES: readonly (readonly string[])[] = [
  [
    'check/evaluate/calls.ts',
    'check/evaluate/declarations.ts',
    'check/evaluate/expressions.ts',
    'check/evaluate/nets.ts',
  ],
];

/** By file, relative to src: the files that it imports, relative to src. */
function importsOf(): Map<string, readonly string[]> {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return new Map(
    files.map((name) => {
      const text = readFileSync(join(src, name), 'utf8');
      const found = text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm);
      const paths = [...found].map((m) => relative(src, join(src, dirname(name), m[1] ?? m[2]!)));
      return [name.split(sep).join('/'), paths.map((path) => path.split(sep).join('/'))];
    }),
  );
}

/** `check/evaluate` of a file in it; what lies outside of src by its first folder. */
function floorOf(path: string): string {
  if (path.startsWith('../')) {
    const [first, second] = path.slice(3).split('/');
    return first === 'runtimes' ? `${first}/${second}` : first!;
  }
  const folders = path.split('/').slice(0, -1);
  if (folders.length === 0) return path.replace(/\.ts$/, '');
  const floor = folders.slice(0, 2).join('/');
  return floor in ALLOWED ? floor : folders[0]!;
}

test('every folder imports only what its floor allows', () => {
  const found: string[] = [];
  for (const [file, paths] of importsOf()) {
    const floor = floorOf(file);
    const allowed = new Set([floor, ...(ALLOWED[floor] ?? '').split(' ')]);
    if (!(floor in ALLOWED)) found.push(`${file}: ${floor} is no floor of the table`);
    for (const path of paths) if (!allowed.has(floorOf(path))) found.push(`${file} imports ${path}`);
  }
  expect(found).toEqual([]);
});

test('names, order and comments of emitted code know no target', () => {
  for (const [file, paths] of importsOf()) {
    if (!/^(emit\/(text|stages)|summary|plan)\b/.test(file)) continue;
    const targets = paths.filter((path) => /^emit\/(tfjs|node|browser)\//.test(path));
    expect({ file, targets }).toEqual({ file, targets: [] });
  }
});

test('no files import each other in a circle but those of the table', () => {
  const imports = importsOf();
  const circles = circlesOf(imports);
  const known = (circle: readonly string[]) =>
    CIRCLES.some((allowed) => circle.every((file) => allowed.includes(file)));
  expect(circles.filter((circle) => !known(circle))).toEqual([]);
});

test('a circle and an import of a floor above are found', () => {
  const circle = new Map([
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.ts']],
    ['c.ts', ['b.ts']],
    ['d.ts', ['a.ts']],
  ]);
  expect(circlesOf(circle)).toEqual([['b.ts', 'c.ts']]);
  expect(floorOf('check/evaluate/nets.ts')).toBe('check/evaluate');
  expect(floorOf('emit/stages.ts')).toBe('emit');
  expect(floorOf('../runtimes/core/visible.ts')).toBe('runtimes/core');
  expect([...importsOf().keys()].length).toBeGreaterThan(150);
});

/** Groups of files of which each reaches each (Tarjan's), of more than one file. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    open.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!imports.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (open.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const group = open.splice(open.indexOf(file));
    if (group.length > 1) found.push(group.sort());
  };
  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return found;
}
