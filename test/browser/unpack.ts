/**
 * Chromium, SwiftShader (WebGL and Vulkan in software) and a font out of npm's `@sparticuz/chromium`, unpacked once a
 * version and kept. Nothing from outside npm is needed.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Unpacked {
  executable: string;
  /** libvk_swiftshader.so, libvulkan.so.1, vk_swiftshader_icd.json, libGLESv2.so, libEGL.so. */
  folder: string;
  /** What a process needs in its environment to start the executable. */
  env: Record<string, string>;
}

/** The unpacked files, or in words why they are of no use here. */
export type Availability = { unpacked: Unpacked; problem: null } | { unpacked: null; problem: string };

let answer: Promise<Availability> | undefined;

/** Asked once a process; never throws. */
export function chromiumHere(): Promise<Availability> {
  answer ??= find().catch((error: unknown) => absent(`its Chromium does not unpack: ${gist(error)}`));
  return answer;
}

const absent = (problem: string): Availability => ({ unpacked: null, problem });

async function find(): Promise<Availability> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return absent(`its Chromium is for Linux on x64, and this is ${process.platform} on ${process.arch}`);
  }
  const folder = await unpack();
  const unpacked: Unpacked = {
    executable: join(folder, 'chromium'),
    folder,
    env: { FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  };
  const problem = await startProblem(unpacked);
  if (problem === null) return { unpacked, problem };
  // The package brings the libraries that a bare system lacks; a system's own are better where they are.
  const withLibraries = {
    ...unpacked,
    env: { ...unpacked.env, LD_LIBRARY_PATH: join(folder, 'al2023', 'lib') },
  };
  if ((await startProblem(withLibraries)) === null) return { unpacked: withLibraries, problem: null };
  return absent(
    `its Chromium does not start: ${problem}; on Debian and Ubuntu apt install libnss3 libexpat1`,
  );
}

async function startProblem({ executable, env }: Unpacked): Promise<string | null> {
  try {
    await run(executable, ['--version'], { env: { ...process.env, ...env }, timeout: 20_000 });
    return null;
  } catch (error) {
    return gist(error);
  }
}

/** The line that matters of what a process said. */
function gist(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  const lines = (stderr || message).trim().split('\n');
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1)!;
}

/** Whoever comes first unpacks beside and moves the whole over; the others meanwhile do the same and find it done. */
async function unpack(): Promise<string> {
  const require = createRequire(import.meta.url);
  const entry = require.resolve('@sparticuz/chromium');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '../../package.json'), 'utf8'));
  const cache = await writableFolder();
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const staging = await mkdtemp(join(cache, '.unpacking-'));
  try {
    // The package unpacks into the system's folder for temporary files, so it is given another one.
    const script = "import('@sparticuz/chromium').then((c) => c.default.executablePath())";
    // Under this name it unpacks the libraries too.
    const env = { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' };
    await run(process.execPath, ['-e', script], { cwd: root, env, timeout: 120_000 });
    await writeFile(join(staging, 'fonts.conf'), fontsConf(folder));
    await rename(staging, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return folder;
}

async function writableFolder(): Promise<string> {
  for (const folder of [join(root, 'node_modules/.cache/ganc'), join(tmpdir(), 'ganc-cache')]) {
    try {
      await mkdir(folder, { recursive: true });
      await rm(await mkdtemp(join(folder, '.try-')), { recursive: true });
      return folder;
    } catch {
      // Read-only; the next one may not be.
    }
  }
  throw new Error(`nowhere to unpack its Chromium: ${tmpdir()} cannot be written`);
}

/** The package's own font alone, so that pictures of a page look alike everywhere. */
const fontsConf = (folder: string) => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;
