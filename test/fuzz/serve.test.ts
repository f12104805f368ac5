/** No request ends `ganc serve`, leads out of its folder, or is answered for another host. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rangeOf } from '../../src/cli/answer.ts';
import { ganc, scratch } from '../e2e/command.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 300);
const SECRET = 'a secret outside';
const TEXT = '0123456789';

const around = scratch();
const folder = path.join(around, 'page');
const children: ChildProcess[] = [];

/** The port of a server of `folder`; `handles` is how many files it may hold open. */
async function serving(handles?: number, user?: number): Promise<number> {
  const node = [process.execPath, ganc, 'serve', folder, '--port', '0'];
  const command = handles ? `ulimit -n ${handles}; exec "$0" "$@"` : 'exec "$0" "$@"';
  const child = spawn('sh', ['-c', command, ...node], {
    env: { ...process.env, NO_COLOR: '1' },
    ...(user ? { uid: user, gid: user } : {}),
  });
  children.push(child);
  return new Promise((done, fail) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => done(Number(/:(\d+)\//.exec(text)![1])));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (/error/i.test(text)) fail(new Error(text));
    });
    child.once('exit', (code) => fail(new Error(`it ended with ${code}`)));
  });
}

/** What is answered to these bytes, in whole, until the server closes or nothing comes any more. */
function talk(port: number, request: string | Buffer, patience = 300): Promise<string> {
  return new Promise((done) => {
    const socket = net.connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => done(answer));
    socket.setTimeout(patience, () => socket.destroy());
    socket.write(request);
  });
}

function get(port: number, target: string, headers: readonly string[] = [], method = 'GET'): Promise<string> {
  const host = headers.some((line) => /^host:/i.test(line)) ? [] : [`Host: localhost:${port}`];
  return talk(
    port,
    [`${method} ${target} HTTP/1.1`, ...host, ...headers, 'Connection: close', '', ''].join('\r\n'),
  );
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

let port = 0;
beforeAll(async () => {
  mkdirSync(path.join(folder, 'within'), { recursive: true });
  mkdirSync(path.join(folder, 'empty'));
  writeFileSync(path.join(around, 'secret.txt'), SECRET);
  writeFileSync(path.join(folder, 'index.html'), '<title>page</title>');
  writeFileSync(path.join(folder, 'ten.txt'), TEXT);
  writeFileSync(path.join(folder, 'none.txt'), '');
  writeFileSync(path.join(folder, 'a+=&@,;$:#?%é 1.js'), TEXT);
  writeFileSync(path.join(folder, '.hidden'), SECRET);
  writeFileSync(path.join(folder, 'closed.txt'), SECRET);
  chmodSync(path.join(folder, 'closed.txt'), 0o000);
  writeFileSync(path.join(folder, 'large.bin'), Buffer.alloc(4_000_000, 1));
  symlinkSync(path.join(around, 'secret.txt'), path.join(folder, 'link.txt'));
  symlinkSync(around, path.join(folder, 'up'));
  symlinkSync('ten.txt', path.join(folder, 'alias.txt'));
  symlinkSync('circle', path.join(folder, 'circle'));
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  port = await serving();
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

test.each([
  [undefined, null],
  ['bytes=0-4', [0, 4]],
  ['bytes=5-', [5, 9]],
  ['bytes=-5', [5, 9]],
  ['bytes=-50', [0, 9]],
  ['bytes=3-3', [3, 3]],
  ['bytes=8-100', [8, 9]],
  ['bytes=0-99999999999999999999999', [0, 9]],
  ['bytes=5-2', 'none'],
  ['bytes=10-', 'none'],
  ['bytes=10-20', 'none'],
  ['bytes=-0', 'none'],
  ['bytes=99999999999999999999999-', 'none'],
  ['bytes=-', null],
  ['bytes=a-b', null],
  ['bytes=0-1,3-4', null],
  ['bytes=--5', null],
  ['bytes=0x1-5', null],
  ['lines=0-4', null],
  ['', null],
])('the range %s of ten bytes', async (header, right) => {
  const wanted = Array.isArray(right) ? { start: right[0], end: right[1] } : right;
  expect(rangeOf(header, 10)).toEqual(wanted);
  const answer = await get(port, '/ten.txt', header === undefined ? [] : [`Range: ${header}`]);
  if (right === 'none') {
    expect(statusOf(answer)).toBe(416);
    expect(answer).toMatch(/content-range: bytes \*\/10\r/i);
  } else if (wanted === null) {
    expect([statusOf(answer), bodyOf(answer)]).toEqual([200, TEXT]);
  } else {
    const { start, end } = wanted as { start: number; end: number };
    expect([statusOf(answer), bodyOf(answer)]).toEqual([206, TEXT.slice(start, end + 1)]);
    expect(answer).toContain(`Content-Range: bytes ${start}-${end}/10`);
    expect(answer).toContain(`Content-Length: ${end - start + 1}\r`);
  }
});

describe('paths', () => {
  test.each([
    ['/', 200],
    ['/?query#part', 200],
    ['/ten.txt?x=1', 200],
    ['/none.txt', 200],
    ['/alias.txt', 200],
    ['/a%2B%3D%26%40%2C%3B%24%3A%23%3F%25%C3%A9%201.js', 200],
    ['/a+=&@,;$:%23%3F%25%C3%A9%201.js', 200],
    ['/within', 404],
    ['/within/', 404],
    ['/empty/', 404],
    ['/nothing', 404],
    ['/ten.txt/', 404],
    ['/ten.txt/x', 404],
    ['/circle', 404],
    ['/pipe', 404],
    ['/.hidden', 404],
    ['/%2ehidden', 404],
    ['/link.txt', 403],
    ['/up/secret.txt', 403],
    ['/up/page/ten.txt', 200],
    ['/../secret.txt', 404],
    ['/within/../../secret.txt', 404],
    ['/%2e%2e/secret.txt', 404],
    ['/..%2fsecret.txt', 404],
    ['/..%5csecret.txt', 404],
    ['/within%2f..%2f..%2fsecret.txt', 404],
    ['//secret.txt', 404],
    ['/ten.txt%00', 404],
    ['/%', 400],
    ['/%ff', 400],
    ['ten.txt', 400],
    ['*', 400],
    ['http://localhost/ten.txt', 400],
    [`/${'a'.repeat(300)}`, 404],
    [`/${'a/'.repeat(3000)}`, 404],
  ])('%s: %i', async (target, status) => {
    const answer = await get(port, target);
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toContain(SECRET);
  });

  test('a file that may not be read', async () => {
    // The superuser may read everything: there the server runs as nobody.
    chmodSync(around, 0o755);
    const other = process.getuid?.() === 0 ? await serving(undefined, 65_534) : port;
    expect(statusOf(await get(other, '/closed.txt'))).toBe(403);
    expect(statusOf(await get(other, '/ten.txt'))).toBe(200);
  });
});

describe('hosts and methods', () => {
  test.each([
    ['localhost', 200],
    ['localhost:1234', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1:80', 200],
    ['[::1]:80', 200],
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['evil.example:4000', 403],
    ['10.0.0.1', 403],
    ['', 403],
    ['localhost@evil.example', 403],
    ['<script>', 403],
  ])('a host called %s: %i', async (host, status) => {
    expect(statusOf(await get(port, '/ten.txt', [`Host: ${host}`]))).toBe(status);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])('%s: 405', async (method) => {
    const answer = await get(port, '/ten.txt', [], method);
    expect(statusOf(answer)).toBe(405);
    expect(answer).toContain('Allow: GET, HEAD\r');
  });

  test('HEAD is GET without a body', async () => {
    const answer = await get(port, '/ten.txt', [], 'HEAD');
    expect([statusOf(answer), bodyOf(answer)]).toEqual([200, '']);
    expect(answer).toContain('Content-Length: 10\r');
  });
});

test('where file handles run out it says so, and goes on', async () => {
  const few = await serving(48);
  // Readers that do not read hold a file each, and a connection.
  const sockets = Array.from({ length: 60 }, () => {
    const socket = net.connect(few, '127.0.0.1').pause();
    socket.on('error', () => {});
    socket.write(`GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return socket;
  });
  await new Promise((done) => setTimeout(done, 500));
  for (const socket of sockets) socket.destroy();
  let status = NaN;
  for (let i = 0; i < 50 && status !== 200; i++) {
    status = statusOf(await get(few, '/ten.txt'));
    await new Promise((done) => setTimeout(done, 50));
  }
  expect(status).toBe(200);
  // One connection that asks for more files than there are handles: some are refused, in words.
  const many = `GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(100);
  const answers = await talk(few, many, 2000);
  expect(answers).toContain('HTTP/1.1 200');
  expect(answers).toContain('HTTP/1.1 503');
  expect(statusOf(await get(few, '/ten.txt'))).toBe(200);
});

describe('whatever bytes come', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '/',
      '..',
      '%2e',
      '%00',
      '%',
      'ten.txt',
      'link.txt',
      'up',
      'pipe',
      'large.bin',
      '?',
      '#',
      '\\',
      ' ',
      '\t',
    ),
    fc.string({ maxLength: 4 }),
  );
  const target = fc.array(word, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
  const number = fc.oneof(
    fc.constantFrom('', '-', '0', '5', '2', '-1', '1e9', 'NaN', '99999999999999999999'),
    fc.nat().map(String),
  );
  const range = fc
    .tuple(
      fc.constantFrom('bytes=', 'bytes ', 'BYTES=', ''),
      number,
      fc.constantFrom('-', '', '--', ','),
      number,
    )
    .map((p) => p.join(''));
  const header = fc.oneof(
    range.map((text) => `Range: ${text}`),
    fc.constantFrom(
      'Host: localhost',
      'Host: evil',
      'If-Range: "x"',
      'Expect: 100-continue',
      'Expect: x',
      'Upgrade: websocket',
      'Connection: upgrade',
    ),
    fc.constantFrom(
      'Content-Length: 5',
      'Content-Length: -1',
      'Transfer-Encoding: chunked',
      'Transfer-Encoding: x',
      'If-None-Match: *',
      'Accept-Encoding: gzip, br',
    ),
    fc.string({ maxLength: 20 }),
  );
  const method = fc.constantFrom(
    'GET',
    'GET',
    'GET',
    'HEAD',
    'POST',
    'DELETE',
    'CONNECT',
    'OPTIONS',
    'get',
    '',
  );
  const version = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2', '');
  const request = fc
    .tuple(
      method,
      target,
      version,
      fc.array(header, { maxLength: 5 }),
      fc.boolean(),
      fc.string({ maxLength: 30 }),
    )
    .map(([m, t, v, headers, host, body]) => {
      const lines = [`${m} ${t} ${v}`, ...(host ? ['Host: localhost'] : []), ...headers, '', body];
      return Buffer.from(lines.join('\r\n'), 'utf8');
    });
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));

  test('it goes on, and gives nothing away', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 9, arbitrary: request }, { weight: 1, arbitrary: bytes }), {
          minLength: 1,
          maxLength: 12,
        }),
        async (requests) => {
          const answers = await Promise.all(requests.map((text) => talk(port, text, 60)));
          for (const answer of answers) expect(answer).not.toContain(SECRET);
          expect(bodyOf(await get(port, '/ten.txt'))).toBe(TEXT);
        },
      ),
      { numRuns: Math.ceil(runs / 10) },
    );
  });
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it well', async (signal) => {
  await serving();
  const child = children.at(-1)!;
  const code = new Promise((done) => child.once('exit', done));
  child.kill(signal);
  expect(await code).toBe(0);
});
