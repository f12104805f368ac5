/** `ganc serve` and `ganc compile --target browser`, from the command line to what a browser would fetch. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { ganc, root, run, scratch, trace } from './command.ts';

const folder = scratch();
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Serving {
  url: string;
  /** Ctrl-C; gives the exit code and what was said. */
  stop(): Promise<{ code: number | null; stderr: string }>;
}

function serving(...args: string[]): Promise<Serving> {
  const child = spawn(process.execPath, [ganc, 'serve', ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, NO_COLOR: '1' },
  });
  children.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  return new Promise((done, fail) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) =>
      done({
        url: text.trim(),
        async stop() {
          child.kill('SIGINT');
          return { code: await ended, stderr };
        },
      }),
    );
    void ended.then((code) => fail(new Error(`it ended with ${code}: ${stderr}`)));
  });
}

const ring = path.join(root, 'models/ring.gan');

test('a compiled folder: what it says, and how it is served', async () => {
  const out = path.join(folder, 'page');
  const compiled = await run(['compile', ring, '--target', 'browser', '-o', out]);
  expect(compiled.code, compiled.stderr).toBe(0);
  expect(compiled.stderr).toContain(`ganc serve ${out}`);
  expect(readdirSync(out)).toEqual(
    expect.arrayContaining([
      ...['index.html', 'page.css', 'page.js', 'ring.gan', 'ring.js', 'ring.js.map', 'README.md'],
      ...['runtime.js', 'tfjs.js', 'thread.js', 'webgl.js', 'webgpu.js', 'tfjs.js.LEGAL.txt'],
    ]),
  );
  const { url, stop } = await serving(out, '--port', '0');
  expect(url).toMatch(/^http:\/\/localhost:\d+\/$/);
  const answer = await fetch(url);
  expect(await answer.text()).toContain('<body data-model="./ring.js"');
  expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(answer.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
  const module = await fetch(new URL('ring.js', url));
  expect(module.headers.get('content-type')).toMatch(/javascript/);
  expect((await fetch(new URL('nothing.js', url))).status).toBe(404);
  expect((await fetch(new URL('../../../etc/passwd', url))).status).toBe(404);
  expect((await stop()).code).toBe(0);
});

test('the emitted module is Node’s but for what it imports', async () => {
  const [forNode, forBrowser] = await Promise.all(
    ['node', 'browser'].map(async (target) => {
      const out = path.join(folder, target);
      await run(['compile', ring, '--target', target, '-o', out]);
      return readFileSync(path.join(out, 'ring.js'), 'utf8');
    }),
  );
  expect(forBrowser).toBe(forNode!.replace("from '@tensorflow/tfjs'", "from './tfjs.js'"));
});

test('a .gan file is compiled and served; nothing is left', async () => {
  const { url, stop } = await serving(
    path.join(root, 'models/first.gan'),
    '--port',
    '0',
    '--set',
    'latent=8',
  );
  expect(await (await fetch(new URL('first.js', url))).text()).toContain('latent: 8');
  // Its data go along.
  const images = await fetch(new URL('data/fashion-images-idx3-ubyte.gz', url));
  const bytes = gunzipSync(new Uint8Array(await images.arrayBuffer()));
  expect([...bytes.subarray(0, 4)]).toEqual([0, 0, 8, 3]);
  // It is served from memory: nothing can be left, however it ends.
  expect(readdirSync(folder).some((name) => name.startsWith('ganc-serve-'))).toBe(false);
  expect((await stop()).code).toBe(0);
});

test('a port that is taken', async () => {
  const taken = createServer();
  const port = await new Promise<number>((done) => {
    taken.listen(0, '127.0.0.1', () => done((taken.address() as { port: number }).port));
  });
  const { url, stop } = await serving(ring, '--port', String(port));
  expect(url).not.toContain(`:${port}/`);
  expect((await fetch(url)).status).toBe(200);
  expect((await stop()).stderr).toContain(`port ${port} is taken`);
  taken.close();
});

test.each([
  [['nowhere'], 2, 'there is no folder and no file nowhere'],
  [['nowhere.gan'], 2, 'cannot read nowhere.gan: there is no such file'],
  [['empty'], 2, 'empty is not a compiled folder: it has no index.html'],
  [['node'], 2, 'node was compiled for Node: it has no index.html'],
  [['broken.gan'], 1, 'GAN'],
  [['page', '--set', 'width=8'], 2, '--set is for compiling, and a folder is compiled already'],
  [['page', '--port', 'http'], 2, 'A port is a whole number'],
  [['page', '--host', '203.0.113.7'], 2, '203.0.113.7 is no address of this computer'],
])('%j: words, and no server', async (args, code, words) => {
  mkdirSync(path.join(folder, 'empty'), { recursive: true });
  writeFileSync(path.join(folder, 'broken.gan'), 'net G(z: [4]) -> [2] = z |> dense(3)\n');
  if (!existsSync(path.join(folder, 'page'))) {
    await run(['compile', ring, '--target', 'browser', '-o', path.join(folder, 'page')]);
  }
  if (!existsSync(path.join(folder, 'node'))) await run(['compile', ring, '-o', path.join(folder, 'node')]);
  const ran = await run(['serve', ...args], { cwd: folder });
  expect(ran.stderr).toContain(words);
  expect(ran.stderr).not.toMatch(trace);
  expect(ran.stdout).toBe('');
  expect(ran.code).toBe(code);
});
