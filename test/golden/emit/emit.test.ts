/** A source and the module that came of it, side by side; the module is JavaScript and its map leads back. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { analyse, moduleOf } from '../../../src/compile.ts';

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'ganc-emit-'));
afterAll(() => rmSync(folder, { recursive: true }));

function compiled(name: string) {
  const text = readFileSync(join(here, name), 'utf8');
  const analysis = analyse({ source: { path: name, text }, load: () => undefined });
  expect(analysis.diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  return { text, ...moduleOf(analysis.model!, analysis.sources) };
}

const names = readdirSync(here).filter((name) => name.endsWith('.gan'));

describe.each(names)('%s', (name) => {
  test('reads as before', async () => {
    await expect(compiled(name).code).toMatchFileSnapshot(join(here, name.replace('.gan', '.js')));
  });

  test('is a module that Node accepts', () => {
    const file = join(folder, name.replace('.gan', '.mjs'));
    writeFileSync(file, compiled(name).code);
    execFileSync(process.execPath, ['--check', file]);
  });

  test('frees or hands over every tensor that it makes, once, and uses each', () => {
    const { code } = compiled(name);
    const formulas = [...code.matchAll(/^const ([\p{ID_Continue}$]+) = nn\.formula\(/gmu)].map((m) => m[1]!);
    const makers = ['(?:tf|nn|run)\\.\\w+', ...formulas.map((f) => f.replaceAll('$', '\\$'))].join('|');
    const making = new RegExp(`^ *const (\\[[^\\]]*\\]|[\\p{ID_Continue}$]+) = (?:${makers})\\(`, 'gmu');
    const words = (text: string) => text.split(/[^\p{ID_Continue}$]+/u);
    const functions = [...code.matchAll(/^(?:async )?function ([\w$]+)\(([^)]*)\) \{\n([\s\S]*?)^\}$/gm)].map(
      ([, title, params, body]) => ({ title: title!, params: words(params!), body: body! }),
    );
    /** Whether a call hands the variable to a function that frees what it is given in that place. */
    const isConsumed = (body: string, variable: string) =>
      functions.some(({ title, params, body: inner }) =>
        [...body.matchAll(new RegExp(`= ${title.replaceAll('$', '\\$')}\\(([^)]*)\\);`, 'g'))].some(
          ([, given]) => {
            const param = params[given!.split(',').findIndex((arg) => arg.trim() === variable)];
            const freed = inner.match(/tf\.dispose\([^)]*\)/g) ?? [];
            return param !== undefined && freed.some((text) => words(text).includes(param));
          },
        ),
      );
    let found = 0;
    for (const { body } of functions) {
      const made = [...body.matchAll(making)].flatMap((match) => match[1]!.match(/[\p{ID_Continue}$]+/gu)!);
      expect(new Set(made).size).toBe(made.length);
      const disposals = body.match(/(?<!if \(!keep\) )tf\.dispose\([^)]*\)/g) ?? [];
      // To the caller, or of a loop's turn to the next one.
      const returned = (body.match(/^ *return [^;]*;/gm) ?? []).join('\n');
      for (const variable of made) {
        found++;
        const has = (text: string) => words(text).includes(variable);
        const escaped = variable.replaceAll('$', '\\$');
        const word = new RegExp(`(?<![\\p{ID_Continue}$./'])${escaped}(?![\\p{ID_Continue}$/])`, 'gu');
        const uses = [...body.matchAll(word)].length;
        const freed = disposals.filter(has).length + Number(isConsumed(body, variable));
        const given =
          has(returned) || new RegExp(`'[^']+': ${escaped}(,?$| \\})|: ${escaped}[ ,]`, 'm').test(body);
        // A routine frees what it is given as well as what it makes.
        expect({ variable, ends: freed + Number(given) }).toEqual({ variable, ends: 1 });
        expect({ variable, used: uses > 2 || given || isConsumed(body, variable) }).toEqual({
          variable,
          used: true,
        });
      }
    }
    expect(found).toBeGreaterThan(5);
  });
});

test('a stack trace leads to the line of the source', () => {
  const { code, map, text } = compiled('ring.gan');
  const file = join(folder, 'ring.js');
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(
    file,
    code.replace(/import \* as tf from .*/, "const tf = { matMul() { throw new Error('here'); } };"),
  );
  writeFileSync(`${file}.map`, map);
  writeFileSync(
    join(folder, 'runtime.js'),
    `const run = { live: {}, samples: { x: 0, z: 0 }, sample: async () => {} };
     export const nn = { formula: () => () => 0 };
     export const main = (model) => model.phases[0].step(run);`,
  );
  const { stderr } = spawnSync(process.execPath, ['--enable-source-maps', file], { encoding: 'utf8' });
  const [, line] = stderr.match(/ring\.gan:(\d+):\d+/) ?? [];
  expect(stderr).toContain('here');
  expect(text.split('\n')[Number(line) - 1]).toContain('dense(8)');
});
