/** Where a binding is put, and what is there already. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** tfjs-node, and the tfjs that it and ganc share. */
export const TFJS_VERSION = '4.22.0';

export interface Place {
  /** The project, or where ganc itself is installed. */
  root: string;
  kind: 'project' | 'ganc' | 'given';
  /** Where npm does not prune: inside `node_modules`, under a name that begins with a dot. */
  parent: string;
  /** What is built ends here. */
  target: string;
  /** What an earlier setup wrote there. */
  existing: Built | null;
}

/** Kept beside what was built. */
export interface Built {
  tensorflow: string;
  folder: string;
  python: string;
  node: string;
  ganc: string;
}

export const record = 'built.json';

/** The project of the working folder, else ganc's own place. */
export function choosePlace(into: string | undefined, cwd = process.cwd()): Place {
  if (into !== undefined) return place(path.resolve(into), 'given');
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'package.json'))) return place(folder, 'project');
    if (folder === path.dirname(folder)) break;
  }
  // …/node_modules/@tensorflow/tfjs/package.json
  return place(path.resolve(ownTfjs(), '../../..'), 'ganc');
}

function place(root: string, kind: Place['kind']): Place {
  const parent = path.join(root, 'node_modules', '.ganc');
  const target = path.join(parent, 'tfjs-node');
  let existing: Built | null = null;
  try {
    existing = JSON.parse(readFileSync(path.join(target, record), 'utf8')) as Built;
  } catch {
    // Nothing there, or nothing that says what it is.
  }
  return { root, kind, parent, target, existing };
}

/** What tfjs-node asks for; of each there must be one in a process. */
export const shared = ['@tensorflow/tfjs', '@tensorflow/tfjs-core'] as const;

/** The folder of the tfjs that ganc uses. */
function ownTfjs(): string {
  return manifestFolder(import.meta.url, '@tensorflow/tfjs');
}

/** The folders of `shared` as ganc has them. */
export function ownPackages(): Record<string, string> {
  const from = path.join(ownTfjs(), 'from.js');
  return Object.fromEntries(shared.map((name) => [name, manifestFolder(from, name)]));
}

function manifestFolder(from: string, name: string): string {
  return path.dirname(createRequire(from).resolve(`${name}/package.json`));
}

/** Whether a program in `folder` meets this version of them, so that it need not be given ganc's. */
export function sharesTfjs(folder: string): boolean {
  try {
    return shared.every((name) => {
      const manifest = path.join(manifestFolder(path.join(folder, 'from.js'), name), 'package.json');
      return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version === TFJS_VERSION;
    });
  } catch {
    return false;
  }
}
