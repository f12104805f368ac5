/** `ganc compile` into folders that hold something already, and from standard input. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, run, scratch } from './command.ts';

const folder = scratch();
const ring = path.join(root, 'models/ring.gan');

test.each(['node', 'browser'])('files of another origin are not replaced: %s', async (target) => {
  const project = path.join(folder, `mine-${target}`);
  mkdirSync(project);
  writeFileSync(path.join(project, 'README.md'), '# My thesis\n');
  writeFileSync(path.join(project, 'notes.txt'), 'mine\n');
  const refused = await run(['compile', ring, '--target', target, '-o', project]);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain(`${project} holds README.md, which ganc did not write and would replace`);
  expect(readdirSync(project).sort()).toEqual(['README.md', 'notes.txt']);
});

test('what was compiled before is compiled anew', async () => {
  const out = path.join(folder, 'again');
  expect((await run(['compile', ring, '-o', out])).code).toBe(0);
  const other = await run(['compile', ring, '--set', 'gamma=0.5', '-o', out]);
  expect(other.code, other.stderr).toBe(0);
  expect(readFileSync(path.join(out, 'ring.js'), 'utf8')).toContain('gamma: 0.5');
});

test('standard input is a model called model', async () => {
  const out = path.join(folder, 'piped');
  const ran = await run(['compile', '-', '-o', out], { input: readFileSync(ring) });
  expect(ran.code, ran.stderr).toBe(0);
  expect(readdirSync(out)).toEqual(expect.arrayContaining(['model.js', 'model.js.map', 'model.gan']));
  expect(ran.stderr).toContain('node model.js');
});
