/** What is said of folders and files that are not where they should be, or of which there are two. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { openData, refuseInsideData } from '../../runtimes/node/prepare.ts';
import { type Folder, writeFolder } from '../../src/cli/folder.ts';
import { fromRun } from '../../src/cli/program.ts';

const top = mkdtempSync(join(tmpdir(), 'places-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

const model = (from: string): CompiledModel =>
  ({
    format: 1,
    name: 'm',
    data: [{ fields: [{ name: 'x', type: { meaning: 'image', shape: [8, 8, 1] } }], from }],
  }) as unknown as CompiledModel;

test('a run folder inside the folder of its data is refused', async () => {
  const photos = join(top, 'photos');
  mkdirSync(photos);
  const said = /lies in .*photos, where `x` comes from/;
  await expect(refuseInsideData(join(photos, 'runs/a'), model(photos), {}, {})).rejects.toThrow(said);
  await expect(refuseInsideData(photos, model('ring'), { data: { x: photos } }, {})).rejects.toThrow(said);
  await refuseInsideData(join(top, 'photos-runs'), model(photos), {}, {});
  await refuseInsideData(join(photos, 'runs'), model(photos), { data: { x: join(top, 'other') } }, {});
  await refuseInsideData(join(photos, 'runs'), model('ring'), {}, {});
  // A comma may be part of a folder's name.
  const dated = join(top, 'photos, old');
  mkdirSync(dated);
  await expect(refuseInsideData(join(dated, 'runs'), model(dated), {}, {})).rejects.toThrow('photos, old');
});

test('data that are not there: how to say where they are', async () => {
  const gone = join(top, 'gone');
  await expect(openData(model(gone), {}, {})).rejects.toMatchObject({
    hint: expect.stringMatching(/--data x=PATH says where the data are$/),
  });
  const given = { data: { x: gone } };
  await expect(openData(model('ring'), given, {}, undefined, true)).rejects.toMatchObject({
    hint: expect.stringContaining('--data x=PATH'),
  });
  // Whoever has just written the path knows the option.
  await expect(openData(model('ring'), given, {})).rejects.toMatchObject({
    hint: expect.not.stringContaining('--data'),
  });
});

test('a folder that was compiled for the other target is refused', () => {
  const forNode: Folder = { 'runtime.js': 'a', 'package.json': '{}', 'm.js': '1' };
  const forPage: Folder = { 'runtime.js': 'b', 'index.html': '<p>', 'm.js': '2' };
  const [node, page] = [join(top, 'node'), join(top, 'page')];
  writeFolder(node, forNode, () => {});
  writeFolder(page, forPage, () => {});
  expect(() => writeFolder(node, forPage, () => {})).toThrow(
    'was compiled for node, and this is for browser',
  );
  expect(() => writeFolder(page, forNode, () => {})).toThrow(
    'was compiled for browser, and this is for node',
  );
  writeFolder(node, forNode, () => {});
  writeFolder(page, forPage, () => {});
});

test('a run goes on with its own copy, and says so where the file was edited', () => {
  const [run, file] = [join(top, 'run'), join(top, 'm.gan')];
  mkdirSync(join(run, 'source'), { recursive: true });
  const about = { ganc: '0', set: {}, directory: top, sources: [{ path: 'm.gan', kept: 'source/m.gan' }] };
  const record = {
    format: 1,
    model: 'm',
    source: 'm.gan',
    params: {},
    options: {},
    about,
    versions: { node: '20', tfjs: '4', backend: 'cpu' },
    started: new Date(0).toISOString(),
  };
  writeFileSync(join(run, 'run.json'), JSON.stringify(record));
  writeFileSync(join(run, 'source/m.gan'), 'param a = 1\n');
  expect(fromRun(run, {}).notice).toBeUndefined();
  writeFileSync(file, 'param a = 1\n');
  expect(fromRun(run, {}).notice).toBeUndefined();
  writeFileSync(file, 'param a = 2\n');
  const { notice, input } = fromRun(run, {});
  expect(input.source.text).toBe('param a = 1\n');
  expect(notice).toMatch(
    /m\.gan was edited since: the run goes on with its own copy \(ganc train .*m\.gan --from .*run takes/,
  );
});
