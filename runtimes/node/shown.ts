import { relative } from 'node:path';

/** A path as a person in the working folder would write it. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || short === '' ? path : short;
}
