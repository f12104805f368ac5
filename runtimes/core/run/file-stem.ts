/** What a file is called that belongs to something with a name of the user's (an output). */
import { cut } from '../visible.ts';

/** Names are letters, digits and `_`, of any length; a file's has at most 255 bytes, of which some go for what follows. */
const LONGEST = 160;

/** The name, or the beginning of a long one with a number that tells it from others. */
export function fileStem(name: string): string {
  if (new TextEncoder().encode(name).length <= LONGEST) return name;
  // FNV-1a.
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return `${cut(name, 40)}-${hash.toString(16)}`;
}
