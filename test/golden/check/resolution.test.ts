/** The Resolution: from each use of a name to its declaration, and from the declaration to all its uses. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';
import type { Meaning, Resolution } from '../../../src/names/resolution.ts';
import { resolveNames } from '../../../src/names/resolve.ts';
import { loadProgram, type Program } from '../../../src/names/scope.ts';
import type { Name } from '../../../src/syntax/ast.ts';
import { parse } from '../../../src/syntax/parse.ts';
import { tokensOf } from '../../../src/syntax/tree.ts';

interface Resolved {
  readonly text: string;
  readonly program: Program;
  readonly names: Resolution;
}

function resolve(text: string): Resolved {
  const source = { path: 'model.gan', text };
  const program = loadProgram(
    parse(source).value!,
    source,
    () => undefined,
    () => {},
  );
  return { text, program, names: resolveNames(program, () => {}) };
}

/** Every name that the file declares, at any depth: what stands at an identifier and declares something. */
function declarations({ program, names }: Resolved): Name[] {
  const found = new Set<Name>();
  const rest: unknown[] = [program.main.file.declarations];
  for (let at = rest.pop(); at !== undefined; at = rest.pop()) {
    if (typeof at !== 'object' || at === null) continue;
    if (names.declared(at as Name)) found.add(at as Name);
    rest.push(...Object.values(at));
  }
  return [...found].sort((a, b) => a.span.start - b.span.start);
}

const lineOf = (text: string, at: number) => text.slice(0, at).split('\n').length;

/** `name:line → lines of its uses`. */
function uses(text: string): string[] {
  const resolved = resolve(text);
  return declarations(resolved).map((name) => {
    const lines = resolved.names.uses(resolved.names.declared(name)!).map((u) => lineOf(text, u.span.start));
    return `${name.text}:${lineOf(text, name.span.start)} → ${lines.join(' ')}`.trim();
  });
}

describe('names', () => {
  test('of all kinds are known by their declarations', () => {
    const text = `param latent = 4
data x ~ [8]
noise z ~ normal[latent]
net G(z: [latent]) -> [8] =
  z |> dense(8)
def twice(v, by = 2) = v * by
let fake = G(z)
loss l = expect(twice(sum(fake), by = 3)) + step
optimizer o = sgd(1)
train (batch = 8, steps = 10) {
  sample x, z
  update G to minimize l with o
  average G decay 0.9
}
output out = G.averaged(z)
metric m = expect(sum(x))
`;
    expect(uses(text)).toEqual(
      [
        'latent:1 → 3 4',
        'x:2 → 11 16',
        'z:3 → 7 11 15',
        'G:4 → 7 12 13 15',
        'z:4 → 5',
        'twice:6 → 8',
        'v:6 → 6',
        'by:6 → 6 8',
        'fake:7 → 8',
        'l:8 → 12',
        'o:9 → 12',
        'out:15 →',
        'm:16 →',
      ].map((line) => line.trim()),
    );
  });

  test('of operations, functions of the checker and scalars have their uses too', () => {
    const { names } = resolve('let a = relu(b) + log2(8) * step\nlet c = a |> relu\n');
    const of = (kind: 'operation' | 'builtin' | 'scalar', name: string) =>
      names.uses(names.given(kind, name)).length;
    expect([of('operation', 'relu'), of('operation', 'log2'), of('scalar', 'step')]).toEqual([2, 1, 1]);
  });

  test('inside hide those outside', () => {
    const text = `let h = 1
net D(x: [2]) -> [2] = {
  let h = x
  return { let h = h |> each h in 1..2 { dense(h) } return h }
}
let k = h
`;
    expect(uses(text)).toEqual(['h:1 → 6', 'D:2 →', 'x:2 → 3', 'h:3 → 4', 'h:4 → 4', 'h:4 → 4', 'k:6 →']);
  });

  test('that are called may be a local function, or what hides behind it', () => {
    const text = `def f(g, v) = g(v)
def size_of(size, v) = size(v, 0) + size
net N(sum: [3]) -> [] = sum(sum)
`;
    const { names, program } = resolve(text);
    const [f, sizeOf, net] = program.main.own;
    const calledIn = (d: typeof f) => {
      const body = (d!.node as { body: { kind: string } }).body as never as {
        callee: { name: Name };
        left: never;
      };
      return names.callable((body.callee ?? (body.left as { callee: { name: Name } }).callee).name);
    };
    expect(calledIn(f)).toMatchObject({ locals: [{ name: { text: 'g' } }], otherwise: null });
    expect(calledIn(sizeOf)).toMatchObject({
      locals: [{ name: { text: 'size' } }],
      otherwise: { name: 'size' },
    });
    // A net's parameter is never a function, so it hides none.
    expect(names.uses(names.given('operation', 'sum')).length).toBe(1);
    expect(calledIn(net).otherwise).toEqual({ kind: 'operation', name: 'sum' });
  });

  test('of the prelude are resolved in its own text', () => {
    const { names, program } = resolve('loss l = expect(hinge_d(a, b))\n');
    const hinge = program.prelude.names.get('hinge_d')!;
    expect(names.uses(hinge).length).toBe(1);
    const parameter = (hinge.node as unknown as { params: { name: Name }[] }).params[0]!.name;
    expect(names.declared(parameter)).toMatchObject({ kind: 'local', what: 'parameter' });
  });
});

const models = readdirSync('models').filter((name) => name.endsWith('.gan'));

/** Every use that the Resolution missed would keep the old name, which then means nothing. */
test.each(models)('%s can be renamed throughout', (file) => {
  const text = readFileSync(`models/${file}`, 'utf8');
  const before = resolve(text);
  const edits = declarations(before).flatMap((name, i) => {
    const meaning: Meaning = before.names.declared(name)!;
    return [name, ...before.names.uses(meaning)].map(({ span }) => ({ at: span.start, by: `renamed_${i}` }));
  });
  const by = new Map(edits.map((e) => [e.at, e.by]));
  const tree = before.program.main.file.tree;
  const renamed = [...tokensOf(tree)].map((t) => t.before + (by.get(t.startOffset) ?? t.image)).join('');
  const load = (path: string) => ({ path: `models/${path}`, text: readFileSync(`models/${path}`, 'utf8') });
  const found = (source: string) =>
    analyse({ source: { path: `models/${file}`, text: source }, load }).diagnostics.map((d) => d.code);
  expect(found(renamed)).toEqual(found(text));
  // The same declarations have the same numbers of uses.
  const shape = (r: Resolved) => declarations(r).map((name) => r.names.uses(r.names.declared(name)!).length);
  expect(shape(resolve(renamed))).toEqual(shape(before));
});
