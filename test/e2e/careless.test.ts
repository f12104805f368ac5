/** Files that are no files, and names that shells, servers, npm or the compiler itself could misread. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nextLines } from '../../src/cli/next.ts';
import { ganc, root, run, runNode, scratch, trace } from './command.ts';

const folder = scratch();
const ring = readFileSync(path.join(root, 'models/ring.gan'), 'utf8');
const model = (from: string, used = '') =>
  `${used}data x ~ [2] from "${from}"
net D(x: [2]) -> [1] = x |> dense(1)
loss l = expect(square(D(x)))
output same = x
train (batch = 4, steps = 2) { sample x  update D to minimize l with sgd(0.1) }
`;
const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);

describe('what is no plain file is not waited for, nor read without an end', () => {
  execFileSync('mkfifo', [path.join(folder, 'pipe.gan')]);
  write('uses-pipe.gan', model('ring', 'use "pipe.gan"\n'));
  write('uses-zero.gan', model('ring', 'use "/dev/zero"\n'));
  write('learns-pipe.gan', model('pipe.gan'));
  write('learns-zero.gan', model('/dev/zero'));
  write('starts.gan', model('ring').replace('-> [1] =', '-> [1] from "pipe.gan" ='));
  mkdirSync(path.join(folder, 'pictures'));
  execFileSync('mkfifo', [path.join(folder, 'pictures/a.png')]);

  test.each([
    [['check', 'pipe.gan'], 2, 'pipe.gan is a pipe, not a file'],
    [['check', '/dev/zero'], 2, '/dev/zero is a device, not a file'],
    [['train', 'pipe.gan'], 2, 'pipe.gan is a pipe, not a file'],
    [['serve', 'pipe.gan'], 2, 'pipe.gan is a pipe, not a file'],
    [['check', 'uses-pipe.gan'], 1, 'there is no file "pipe.gan" to use, or it cannot be read'],
    [['check', 'uses-zero.gan'], 1, 'there is no file "/dev/zero" to use, or it cannot be read'],
    [['train', 'learns-pipe.gan'], 1, 'pipe.gan is a pipe or a device, not a file'],
    [['train', 'learns-zero.gan'], 1, '/dev/zero is a pipe or a device, not a file'],
    [['train', 'uses-pipe.gan', '--from', 'pipe.gan'], 2, 'pipe.gan is no plain file'],
    [['train', 'starts.gan'], 2, 'pipe.gan is no plain file'],
    [['train', 'learns-pipe.gan', '--data', 'x=pictures'], 1, 'pictures holds no pictures'],
    [['sample', 'pipe.gan'], 2, 'pipe.gan is no plain file'],
    [['train', 'learns-pipe.gan', '--data', 'x=constructor'], 1, 'constructor does not exist'],
  ])('%j', async (args, code, words) => {
    const more = args[0] === 'train' ? ['--backend', 'cpu', '--out', 'run'] : [];
    const ran = await run([...args, ...more], { cwd: folder });
    expect(ran.stdout + ran.stderr).toContain(words);
    expect(ran.stderr).not.toMatch(trace);
    expect(ran.code).toBe(code);
  });

  test('standard input without an end', async () => {
    const child = spawn('sh', ['-c', `"${process.execPath}" "${ganc}" check - < /dev/zero`]);
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await new Promise((done) => child.on('close', done));
    expect(said).toContain('<stdin> is larger than 1 MiB');
  });
});

describe('names of files', () => {
  const odd = [
    'a\nb',
    '$(touch stolen)',
    '`touch stolen`',
    'a b',
    "it's",
    'a+=&@,;$:#?%',
    '-e',
    'a"b',
    '.',
    'toString',
    '名前',
    'x'.repeat(200),
  ];

  test.each(odd)('%j: npm starts it, and nothing else', async (name) => {
    const out = path.join(folder, `out-${odd.indexOf(name)}`);
    write(`${name}.gan`, ring);
    const ran = await run(['compile', `./${name}.gan`, '-o', out], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    const { main, scripts } = JSON.parse(readFileSync(path.join(out, 'package.json'), 'utf8'));
    expect(readdirSync(out)).toContain(main);
    execFileSync(process.execPath, ['--check', path.join(out, main)]);
    // As npm runs it, with an echo in the place of node.
    const said = execFileSync('sh', ['-c', scripts.start.replace(/^node /, 'printf %s ')], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(said).toBe(main);
    expect(readdirSync(folder)).not.toContain('stolen');
  });

  test('a file that is called as the prelude is', async () => {
    write('prelude.gan', `use "part.gan"\n${model('ring')}`);
    write('part.gan', 'param unused = 1\n');
    const out = path.join(folder, 'prelude');
    expect((await run(['compile', 'prelude.gan', '-o', out], { cwd: folder })).code).toBe(0);
    const map = JSON.parse(readFileSync(path.join(out, 'prelude.js.map'), 'utf8'));
    expect(map.sources).toEqual(['prelude-2.gan']);
    write('prelude.gan', 'param p = nothing\n');
    expect(
      (await run(['check', 'prelude.gan'], { cwd: folder })).stderr +
        (await run(['check', 'prelude.gan'], { cwd: folder })).stdout,
    ).toContain('param p = nothing');
  });

  test('used files of one name, or called as a file of the page, stand in for nothing', async () => {
    mkdirSync(path.join(folder, 'lib'), { recursive: true });
    write('page.js', 'param alpha = 1\n');
    write('lib/page.js', 'param beta = 2\n');
    write('main.gan', model('ring', 'use "page.js"\nuse "lib/page.js"\n'));
    const out = path.join(folder, 'page');
    const ran = await run(['compile', 'main.gan', '--target', 'browser', '-o', out], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    expect(readFileSync(path.join(out, 'page.js'), 'utf8')).toBe(
      readFileSync(path.join(root, 'dist/browser/page.js'), 'utf8'),
    );
    expect(readFileSync(path.join(out, 'page.js.gan'), 'utf8')).toBe('param alpha = 1\n');
    expect(readFileSync(path.join(out, 'page.js-2.gan'), 'utf8')).toBe('param beta = 2\n');
  });
});

describe('init', () => {
  test.each([
    ['foo.txt', 'ganc init foo.gan, or ganc init foo.txt/ for a folder of that name'],
    ['model.js', 'ganc init model.gan'],
    ['some where/a.py', "ganc init 'some where/a.gan'"],
  ])('%s is no model', async (name, help) => {
    const ran = await run(['init', name], { cwd: folder });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(`a model is a .gan file, and ${name} is none`);
    expect(ran.stderr).toContain(help);
    expect(readdirSync(folder)).not.toContain(name.split('/')[0]);
  });

  test('a folder with a dot in its name is asked for with a slash, or is there', async () => {
    expect(await run(['init', 'v1.x/'], { cwd: folder })).toMatchObject({ code: 0 });
    mkdirSync(path.join(folder, 'v2.x'));
    expect(await run(['init', 'v2.x'], { cwd: folder })).toMatchObject({ code: 0 });
    expect(await run(['init', '2024.01'], { cwd: folder })).toMatchObject({ code: 0 });
  });
});

describe('what to do after compiling', () => {
  const of = (data: (string | null)[], nets: (string | null)[] = []) =>
    ({
      name: 'm',
      data: data.map((from, i) => ({ from, fields: [{ name: `x${i}` }] })),
      nets: nets.map((from) => ({ from })),
    }) as unknown as Parameters<typeof nextLines>[0];

  test.each([
    [of(['ring']), 'out', 'm.gan', 'cd out && npm install && node m.js'],
    [of(['ring']), '.', 'm.gan', 'npm install && node m.js'],
    [of(['/data/x.npy']), 'out', 'sub/m.gan', 'cd out && npm install && node m.js'],
    [of([null, null]), 'out', 'm.gan', 'cd out && npm install && node m.js --data x0=PATH --data x1=PATH'],
    [of(['x.npy']), 'out', 'out/m.gan', 'cd out && npm install && node m.js'],
    [of(['x.npy']), 'out', 'm.gan', 'cd out && npm install && node m.js --data x0=../x.npy'],
    [
      of(['x.npy,y.npy']),
      'out',
      'sub/m.gan',
      'cd out && npm install && node m.js --data x0=../sub/x.npy,../sub/y.npy',
    ],
    [of(['a b', null]), 'o p', '-', "cd 'o p' && npm install && node m.js --data 'x0=../a b' --data x1=PATH"],
    [
      of(['ring'], ['w/d']),
      'out',
      'sub/m.gan',
      'cd out && mkdir -p w && cp -r ../sub/w/d w/d && npm install && node m.js',
    ],
  ])('%#', (compiled, out, source, line) => {
    expect(nextLines(compiled, out, source)).toEqual([line]);
  });

  test('with relative data they lead to a training', async () => {
    mkdirSync(path.join(folder, 'project'), { recursive: true });
    write('project/points.csv', Array.from({ length: 8 }, (_, i) => `${i / 8},${1 - i / 8}`).join('\n'));
    write('project/m.gan', model('points.csv'));
    const ran = await run(['compile', 'project/m.gan', '-o', 'compiled'], { cwd: folder });
    const line = ran.stderr.split('Next:\n')[1]!.trim();
    expect(line).toBe('cd compiled && npm install && node m.js --data x=../project/points.csv');
    // What npm would install is there already.
    const link = `ln -s "${path.join(root, 'node_modules')}" node_modules`;
    const said = execFileSync('sh', ['-c', `${line.replace('npm install', link)} --backend cpu`], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(said).toContain('done after 2 steps');
  });
});

describe('text of a file on a terminal', () => {
  test('gives it no orders', async () => {
    const order = '\u001b]0;title\u0007\u001b[31m\u202e';
    write('orders.gan', `// ${order}\n\n${model(`missing${order}.npy`)}`);
    const ran = await run(['train', 'orders.gan', '--backend', 'cpu', '--out', 'orders'], { cwd: folder });
    expect(ran.stderr).toContain('missing\\u{1b}]0;title\\u{7}\\u{1b}[31m\\u{202e}.npy does not exist');
    expect((await run(['compile', 'orders.gan', '-o', 'orders-compiled'], { cwd: folder })).code).toBe(0);
    const modules = path.join(root, 'node_modules');
    execFileSync('ln', ['-s', modules, path.join(folder, 'orders-compiled/node_modules')]);
    for (const args of [['--help'], ['--backend', 'cpu']]) {
      const said = await runNode([path.join(folder, 'orders-compiled/orders.js'), ...args], { cwd: folder });
      for (const c of '\u001b\u0007\u202e') expect(said.stdout + said.stderr).not.toContain(c);
      expect(said.stdout + said.stderr).toContain('\\u{1b}');
    }
  });

  test('an output of a name longer than a file may have is drawn', async () => {
    // At most 200 letters, of three bytes each.
    const long = 'あ'.repeat(199);
    write('long.gan', model('ring').replace('output same', `output ${long} = x\noutput ${long}b`));
    const ran = await run(['train', 'long.gan', '--backend', 'cpu', '--out', 'long'], { cwd: folder });
    expect(ran.code, ran.stderr).toBe(0);
    const drawn = readdirSync(path.join(folder, 'long/samples'));
    expect(drawn.filter((name) => name.endsWith('-000002.png'))).toHaveLength(2);
    const sampled = await run(['sample', 'long', '--output', `${long}b`], { cwd: folder });
    expect(sampled.code, sampled.stderr).toBe(0);
    expect(readdirSync(folder)).toContain(sampled.stdout.trim());
  });
});
