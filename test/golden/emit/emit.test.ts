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
    for (const [, body] of code.matchAll(/^(?:async )?function \w+\(run\) \{\n([\s\S]*?)^\}$/gm)) {
      const made = [...body!.matchAll(/^ *const ([\p{ID_Continue}$]+) = (?:tf|nn|run)\.\w+\(/gmu)].map(
        (match) => match[1]!,
      );
      expect(new Set(made).size).toBe(made.length);
      for (const variable of made) {
        const escaped = variable.replaceAll('$', '\\$');
        const uses = [
          ...body!.matchAll(
            new RegExp(`(?<![\\p{ID_Continue}$./'])${escaped}(?![\\p{ID_Continue}$/])`, 'gu'),
          ),
        ];
        const disposals = body!.match(/tf\.dispose\([^)]*\)/g) ?? [];
        const freed = disposals.filter((text) =>
          text.split(/[^\p{ID_Continue}$]+/u).includes(variable),
        ).length;
        const given = new RegExp(`'[^']+': ${escaped},?$|return ${escaped};|: ${escaped}[ ,]`, 'm').test(
          body!,
        );
        expect({ variable, ends: freed + Number(given) }).toEqual({ variable, ends: 1 });
        expect({ variable, used: uses.length > 2 || given }).toEqual({ variable, used: true });
      }
    }
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
     export const nn = {};
     export const main = (model) => model.phases[0].step(run);`,
  );
  const { stderr } = spawnSync(process.execPath, ['--enable-source-maps', file], { encoding: 'utf8' });
  const [, line] = stderr.match(/ring\.gan:(\d+):\d+/) ?? [];
  expect(stderr).toContain('here');
  expect(text.split('\n')[Number(line) - 1]).toContain('dense(8)');
});
