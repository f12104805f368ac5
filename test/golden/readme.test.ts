/** What README.md shows is what there is. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { byPath } from '../../src/cli/frontend.ts';
import { renderFrame } from '../../src/cli/render.ts';
import { analyse } from '../../src/compile.ts';

const readme = readFileSync('README.md', 'utf8');
const block = (start: string): string => {
  const at = readme.indexOf(start);
  return readme.slice(at + start.length, readme.indexOf('\n```', at + start.length));
};

test('its model is models/first.gan', () => {
  const file = readFileSync('models/first.gan', 'utf8');
  expect(`${block('```gan\n')}\n`).toBe(file.slice(file.indexOf('param latent')));
});

test('its finding is said so', () => {
  const text = `noise z ~ normal[100]
net G(z: [100]) -> image[28, 28, 1] =
  z
  |> dense(7 * 7 * 64)
  |> reshape(7, 7, 64)
  |> relu
  |> conv_transpose(1, kernel = 4, stride = 2)
  |> tanh

output samples = G(z)
`;
  const { diagnostics, sources } = analyse({ source: { path: 'game.gan', text }, load: () => undefined });
  const frames = diagnostics.map((d) => renderFrame(d, byPath(sources)));
  expect(block('```\n$ npx ganc check game.gan\n')).toBe(frames.join('\n\n'));
});

test('its commands and scripts exist', async () => {
  const scripts = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).scripts);
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toContain(name);
  for (const [, name] of readme.matchAll(/npx ganc (\w+)/g)) {
    expect(readFileSync('src/cli/commands.ts', 'utf8')).toContain(`${name}Command()`);
  }
});

test('the map of src names files and folders that exist', () => {
  const map = readFileSync('src/README.md', 'utf8');
  const named = [...map.matchAll(/`([\w./-]+(?:\.tsx?|\.md|\/))`/g)].map(([, path]) => path!);
  const linked = [...map.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) => path!);
  expect(named.length + linked.length).toBeGreaterThan(40);
  // Of a room's own files only the name is written.
  const rooms = linked.map((room) => `src/${room}/`);
  const exists = (path: string) => ['', 'src/', ...rooms].some((root) => existsSync(root + path));
  expect([...named, ...linked].filter((path) => !exists(path))).toEqual([]);
});
