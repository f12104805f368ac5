/** What building a binding needs, looked for before anything is done. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { type Place, TFJS_VERSION } from './place.ts';
import { findTensorFlow, type TensorFlow } from './python.ts';
import { run } from './run.ts';

/** One line of the list: what was looked for, what was found, and the way out where that will not do. */
export interface Check {
  title: string;
  ok: boolean;
  found: string;
  help?: string;
}

export interface Needs {
  tensorflow: TensorFlow;
  compiler: string;
  /** Node's own headers; null: those of the package node-api-headers. */
  headers: string | null;
}

/** tfjs-node without tfjs, which is shared, and for a while with it. */
const SPACE = 600 * 2 ** 20;

/** `needs` is null where a check failed. */
export async function survey(
  python: string,
  where: Place,
): Promise<{ checks: Check[]; needs: Needs | null }> {
  const [tensorflow, compiler, npm] = await Promise.all([findTensorFlow(python), findCompiler(), checkNpm()]);
  const headers = ownHeaders();
  const checks: Check[] = [checkPlatform()];
  if ('folder' in tensorflow) {
    checks.push({ title: 'Python', ok: true, found: `${tensorflow.python} (${python})` });
    const found = `${tensorflow.version} (${tensorflow.name}), in ${tensorflow.folder}`;
    checks.push({ title: 'TensorFlow', ok: true, found });
  } else {
    const { what, why, help, python: version } = tensorflow;
    if (version !== undefined) checks.push({ title: 'Python', ok: true, found: `${version} (${python})` });
    checks.push({ title: what === 'python' ? 'Python' : 'TensorFlow', ok: false, found: why, help });
  }
  checks.push(compiler.check);
  checks.push({
    title: 'headers',
    ok: true,
    found: headers ?? "Node's own are not installed: those of the package node-api-headers",
  });
  checks.push(npm, checkSpace(where), checkPlace(where));
  const fine = checks.every((c) => c.ok) && 'folder' in tensorflow && compiler.command !== null;
  return { checks, needs: fine ? { tensorflow, compiler: compiler.command!, headers } : null };
}

function checkPlatform(): Check {
  const found = `${process.platform} ${process.arch}, Node ${process.versions.node}`;
  const title = 'platform';
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    const help = 'on Windows, in WSL; or npm install @tensorflow/tfjs-node, which brings its own TensorFlow';
    return { title, ok: false, found: `${found}: only Linux and macOS`, help };
  }
  if (Number(process.versions.napi) < 8) {
    return { title, ok: false, found: `${found}: its Node-API is too old`, help: 'Node 20 or newer' };
  }
  return { title, ok: true, found };
}

async function findCompiler(): Promise<{ check: Check; command: string | null }> {
  const title = 'compiler';
  const names = process.env.CXX ? [process.env.CXX] : ['c++', 'g++', 'clang++'];
  for (const name of names) {
    const { code, stdout } = await run(name, ['--version'], { patience: 20_000 });
    if (code === 0)
      return { check: { title, ok: true, found: stdout.split('\n')[0]!.trim() }, command: name };
  }
  const help =
    process.platform === 'darwin'
      ? 'xcode-select --install'
      : 'on Debian and Ubuntu: apt install g++; or set CXX';
  return {
    check: { title, ok: false, found: `no C++ compiler: ${names.join(', ')} do not run`, help },
    command: null,
  };
}

/** That it runs, and can reach what it is to fetch (or has it already). */
async function checkNpm(): Promise<Check> {
  const title = 'npm';
  const env = cleanEnvironment();
  const version = await run('npm', ['--version'], { env, patience: 30_000 });
  if (version.code !== 0) {
    return { title, ok: false, found: 'npm does not run', help: 'it comes with Node; put it on the PATH' };
  }
  const name = `@tensorflow/tfjs-node@${TFJS_VERSION}`;
  const asked = ['view', name, 'version', '--prefer-offline', '--fetch-retries=0', '--fetch-timeout=20000'];
  const seen = await run('npm', asked, { env, patience: 60_000 });
  const found = version.stdout.trim();
  if (seen.code === 0) return { title, ok: true, found };
  const reason =
    /npm (?:error|ERR!) (?:code|network) (.*)/.exec(seen.stderr)?.[1] ?? seen.problem ?? 'no answer';
  return {
    title,
    ok: false,
    found: `${found}, but its registry does not give ${name}: ${reason}`,
    help: 'look at the network, a proxy, and npm config get registry',
  };
}

/** Settings of a surrounding `npm run` are not those of the install in the temporary folder. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(?!config_(?:registry|cache|https?_?proxy|userconfig)$)/i.test(name),
    ),
  );
}

function ownHeaders(): string | null {
  const folder = path.resolve(path.dirname(process.execPath), '../include/node');
  return existsSync(path.join(folder, 'node_api.h')) ? folder : null;
}

/** The nearest folder that is there already. */
function standing(folder: string): string {
  return existsSync(folder) ? folder : standing(path.dirname(folder));
}

function checkSpace({ parent }: Place): Check {
  const { bavail, bsize } = statfsSync(standing(parent));
  const free = bavail * bsize;
  const size = (n: number) =>
    n < 2 ** 30 ? `${Math.floor(n / 2 ** 20)} MiB` : `${(n / 2 ** 30).toFixed(1)} GiB`;
  const found = `${size(free)} free, ${size(SPACE)} needed for a while`;
  return {
    title: 'disk',
    ok: free >= SPACE,
    found,
    ...(free < SPACE && { help: 'make room, or --into another folder' }),
  };
}

function checkPlace({ parent, target, existing }: Place): Check {
  const title = 'place';
  try {
    accessSync(standing(parent), constants.W_OK);
  } catch {
    const help =
      '--into a folder of yours; ganc looks in the node_modules of the working folder and those above it';
    return { title, ok: false, found: `${standing(parent)} may not be written to`, help };
  }
  if (existing)
    return { title, ok: true, found: `${target}, in place of the one for TensorFlow ${existing.tensorflow}` };
  return { title, ok: true, found: existsSync(target) ? `${target}, in place of what is there` : target };
}
