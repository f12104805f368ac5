/** What leaves the page as a file, and what comes in as one. */
import { el } from '../ui/dom.ts';

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  el('a', { href: url, download: name }).click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export interface Dropped {
  /** With the folders that it lies in: `cats/001.png`. */
  path: string;
  file: File;
}

/** Files of a file input: those of a chosen folder carry their path in it, without the folder's own name. */
export function chosenFiles(input: HTMLInputElement): Dropped[] {
  return [...(input.files ?? [])].map((file) => ({
    path: file.webkitRelativePath === '' ? file.name : withoutFirst(file.webkitRelativePath),
    file,
  }));
}

function withoutFirst(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(slash + 1);
}

/** Files and folders that were dropped; of a single folder, what is in it. Hidden files are left out. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped[]> {
  // Before the first wait: a browser takes the entries away afterwards.
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  const entries = items.flatMap((item) => item.webkitGetAsEntry() ?? []);
  // What was dragged out of another program has no place on a disk, and so no entry.
  if (entries.length === 0) return [...transfer.files].map((file) => ({ path: file.name, file }));
  const found = (await Promise.all(entries.map((entry) => filesOf(entry, '')))).flat();
  if (entries.length !== 1 || !entries[0]!.isDirectory) return found;
  return found.map(({ path, file }) => ({ path: withoutFirst(path), file }));
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<Dropped[]> {
  if (entry.name.startsWith('.')) return [];
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => {
      (entry as FileSystemFileEntry).file(resolve, reject);
    });
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: Dropped[] = [];
  for (;;) {
    // It gives a hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    for (const inner of some) all.push(...(await filesOf(inner, `${path}/`)));
  }
}
