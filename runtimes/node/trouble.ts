/** Why a file could not be read or written, in words, from the code of the system's error. */
import { said } from '../core/errors.ts';

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than is allowed here',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  EISDIR: 'a folder stands where a file should be',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOENT: 'there is no such file or folder',
  EEXIST: 'a file is in the way',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many files are open (ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'there is not enough memory',
  EIO: 'the disk or the terminal gives errors',
  ENXIO: 'there is no such device',
  EBUSY: 'something else uses it',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB, the most that Node reads at once',
};

/** The code of an error of the system, as ENOSPC; '' of any other (a UserError's `code` is a number). */
export function codeOf(error: unknown): string {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** No room is left: on the disk, or in what this user may take of it. */
export const diskIsFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(codeOf(error));

export function trouble(error: unknown): string {
  return words[codeOf(error)] ?? said(error);
}

/** Of an error of the system that no one expected where it came: what is to be said. null for any other. */
export function systemTrouble(error: unknown): string | null {
  const { path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const why = words[codeOf(error)];
  return why === undefined || syscall === undefined ? null : `${path ?? syscall}: ${why}`;
}
