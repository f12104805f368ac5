/**
 * Builds tfjs-node's binding against a TensorFlow. All is made in a temporary folder beside its place and moved there when
 * it has computed something; what was there before comes back if anything fails.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { CannotRun } from '../failure.ts';
import { version } from '../version.ts';
import { cleanEnvironment, type Needs } from './checks.ts';
import { type Built, ownPackages, type Place, record, sharesTfjs, TFJS_VERSION } from './place.ts';
import { libraries } from './python.ts';
import { lastLines, run } from './run.ts';

/** The Node-API that every Node from 16 has; tfjs-node looks for its binding under its number. */
const NAPI = 8;
const HEADERS = 'node-api-headers@1.9.0';

/** The steps in words, before they are taken. */
export function steps({ tensorflow, compiler, headers }: Needs, place: Place): string[] {
  return [
    `fetch @tensorflow/tfjs-node ${TFJS_VERSION}${headers === null ? ' and node-api-headers' : ''} by npm, without running installers`,
    `compile its binding by ${compiler} against TensorFlow ${tensorflow.version}`,
    'compute a convolution and its gradient with it',
    `move it to ${place.target}`,
  ];
}

export interface Progress {
  /** The step that begins, from 0. */
  begin(step: number): void;
}

/** Gives what the finished binding says of itself: `TensorFlow 2.21.0, CPU`. */
export async function build(
  needs: Needs,
  place: Place,
  python: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  sweep(place);
  const work = path.join(place.parent, `.tfjs-node-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    progress.begin(0);
    await fetchPackages(needs, place, work, signal);
    progress.begin(1);
    await compile(needs, work, signal);
    progress.begin(2);
    const device = await tryOut(work, signal);
    progress.begin(3);
    const built: Built = {
      tensorflow: needs.tensorflow.version,
      folder: needs.tensorflow.folder,
      python,
      node: process.versions.node,
      ganc: version,
    };
    writeFileSync(path.join(work, record), `${JSON.stringify(built, null, 2)}\n`);
    signal.throwIfAborted();
    moveInto(work, place);
    return device;
  } finally {
    rmSync(work, { recursive: true, force: true });
    removeEmpty(place.parent);
    removeEmpty(path.dirname(place.parent));
  }
}

/** What a setup that was killed has left. */
function sweep({ parent, target }: Place): void {
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = Number(/^\.tfjs-node-(\d+)/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || alive(pid)) continue;
    const left = path.join(parent, name);
    // It was killed between moving the old one away and the new one in.
    if (name.endsWith('-before') && !existsSync(target)) renameSync(left, target);
    else rmSync(left, { recursive: true, force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

async function fetchPackages(
  { headers }: Needs,
  place: Place,
  work: string,
  signal: AbortSignal,
): Promise<void> {
  writeFileSync(path.join(work, 'package.json'), '{ "private": true }\n');
  // A registry of the project's own.
  const settings = path.join(place.root, '.npmrc');
  if (existsSync(settings)) await copyFile(settings, path.join(work, '.npmrc'));
  const packages = [`@tensorflow/tfjs-node@${TFJS_VERSION}`, ...(headers === null ? [HEADERS] : [])];
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  const args = ['install', '--ignore-scripts', '--prefer-offline', '--omit=dev', ...quiet, ...packages];
  const ran = await run('npm', args, { cwd: work, env: cleanEnvironment(), signal });
  signal.throwIfAborted();
  if (ran.code !== 0) {
    throw new CannotRun(
      `npm could not fetch ${packages.join(' and ')}:\n${lastLines(ran.stderr, 6)}`,
      'look at the network, a proxy, and npm config get registry; nothing was changed',
    );
  }
  rmSync(path.join(work, '.npmrc'), { force: true });
  shareTfjs(work, place);
}

/** There must be one tfjs in a process: the project's, else ganc's; tfjs-node's own copy goes. */
function shareTfjs(work: string, { root }: Place): void {
  const scope = path.join(work, 'node_modules', '@tensorflow');
  for (const name of readdirSync(scope)) {
    if (name !== 'tfjs-node') rmSync(path.join(scope, name), { recursive: true });
  }
  if (sharesTfjs(root)) return;
  for (const [name, folder] of Object.entries(ownPackages())) {
    symlinkSync(folder, path.join(work, 'node_modules', name));
  }
}

async function compile(
  { tensorflow, compiler, headers }: Needs,
  work: string,
  signal: AbortSignal,
): Promise<void> {
  const modules = path.join(work, 'node_modules');
  const home = path.join(modules, '@tensorflow', 'tfjs-node');
  // The binding finds its libraries by this link, so nobody has to say where they are; and from the link they find
  // those beside them (CUDA's packages), since it leads to their own folder.
  const link = path.join(home, 'deps', 'tensorflow');
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(tensorflow.folder, link);
  const out = path.join(home, 'lib', `napi-v${NAPI}`, 'tfjs_binding.node');
  mkdirSync(path.dirname(out), { recursive: true });
  const mac = process.platform === 'darwin';
  const origin = mac ? '@loader_path' : '$ORIGIN';
  const args = [
    ...['-std=c++17', '-O2', '-fPIC', '-w', mac ? '-bundle' : '-shared'],
    ...(mac ? ['-undefined', 'dynamic_lookup'] : []),
    ...[`-DNAPI_VERSION=${NAPI}`, '-DBUILDING_NODE_EXTENSION'],
    ...['-I', headers ?? path.join(modules, 'node-api-headers', 'include')],
    ...['-I', path.join(link, 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => path.join(home, 'binding', file)),
    ...libraries(process.platform).map((file) => path.join(link, file)),
    ...[`-Wl,-rpath,${origin}/../../deps/tensorflow`, '-o', out],
  ];
  const ran = await run(compiler, args, { cwd: work, signal });
  signal.throwIfAborted();
  if (ran.code !== 0) {
    throw new CannotRun(
      `${compiler} could not compile the binding against TensorFlow ${tensorflow.version}:\n${lastLines(ran.stderr, 12)}`,
      'another compiler by CXX=…, or another TensorFlow; nothing was changed',
    );
  }
}

/** A convolution of ones and its filter's gradient: whether all that training needs is there, and right. */
const trial = `
const util = require('node:util');
util.isNullOrUndefined ??= (x) => x === null || x === undefined;
util.isArray ??= Array.isArray;
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
const tf = require(process.argv[1]);
const x = tf.ones([1, 4, 4, 1]);
const y = tf.conv2d(x, tf.ones([2, 2, 1, 1]), 2, 'valid');
const attrs = { strides: [2, 2], pad: 'valid', dataFormat: 'NHWC', filterShape: [2, 2, 1, 1] };
const dk = tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: y }, attrs);
const right = [...y.dataSync(), ...dk.dataSync()].join() === '4,4,4,4,16,16,16,16';
const { binding, isUsingGpuDevice } = tf.backend();
console.log(JSON.stringify({ right, version: binding.TF_Version, gpu: isUsingGpuDevice }));
`;

async function tryOut(work: string, signal: AbortSignal): Promise<string> {
  const home = path.join(work, 'node_modules', '@tensorflow', 'tfjs-node');
  const ran = await run(process.execPath, ['-e', trial, home], { cwd: work, signal, patience: 120_000 });
  signal.throwIfAborted();
  try {
    const said = JSON.parse(ran.stdout.trim().split('\n').at(-1)!) as {
      right: boolean;
      version: string;
      gpu: boolean;
    };
    if (said.right) return `TensorFlow ${said.version}, ${said.gpu ? 'GPU' : 'CPU'}`;
  } catch {
    // It said something else, or nothing.
  }
  const words = ran.stderr || ran.stdout || (ran.problem ?? 'it says nothing');
  const error = /^\w*Error: .*/m.exec(words)?.[0] ?? lastLines(words, 6);
  throw new CannotRun(
    `the binding was compiled and does not compute: ${error}`,
    'another version of TensorFlow may do; nothing was changed',
  );
}

function moveInto(work: string, { target }: Place): void {
  const before = `${work}-before`;
  const replaced = existsSync(target);
  if (replaced) renameSync(target, before);
  try {
    renameSync(work, target);
  } catch (error) {
    if (replaced) renameSync(before, target);
    throw error;
  }
  rmSync(before, { recursive: true, force: true });
}
