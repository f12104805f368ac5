/** What tests of data files share: a folder that goes, files in it, and what is read of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect } from 'vitest';
import type { TypeSpec } from '../../runtimes/core/run/model.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

export const declared = (name: string, meaning: TypeSpec['meaning'], ...shape: number[]): Declared => ({
  name,
  type: { meaning, shape },
});

/** A folder for the tests of one file. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ganc-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Reads and refuses files of this folder. */
export function filesIn(folder: string) {
  const write = (name: string, bytes: Uint8Array | string): string => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const open = (path: string, ...record: Declared[]) => openSource(path, record, { directory: folder });
  /** All examples, a list for each field. */
  const all = async (path: string, ...record: Declared[]): Promise<number[][]> => {
    const dataset = await open(path, ...record);
    const out = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
    await dataset.close?.();
    return out.map((v) => [...v]);
  };
  const fails = (path: string, record: Declared[], ...words: string[]) =>
    Promise.all(
      words.map((w) =>
        expect(open(path, ...record)).rejects.toMatchObject({
          name: 'UserError',
          message: expect.stringContaining(w),
        }),
      ),
    );
  /** A picture of one grey at each path. */
  const pictures = async (greys: Record<string, number>, width = 2, height = 2): Promise<void> => {
    for (const [path, grey] of Object.entries(greys)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      await sharp(Buffer.alloc(width * height, grey), { raw: { width, height, channels: 1 } })
        .png()
        .toFile(join(folder, path));
    }
  };
  return { write, open, all, fails, pictures };
}
