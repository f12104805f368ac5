/** The fields of a record as a file declares them, and how they are called and written. */
import type { TypeSpec } from '../run/model.ts';

export interface Declared {
  readonly name: string;
  readonly type: TypeSpec;
  /** What it is called in the source, where the declaration says so. */
  readonly source?: string | readonly string[];
}

/** What to look for in a source: the name that the declaration says, else the field's own. */
export const sourceName = ({ source, name }: Declared): string =>
  source === undefined ? name : typeof source === 'string' ? source : source.join(', ');

/** A type as it is written in a `.gan` file. */
export function typeText({ meaning, shape }: TypeSpec): string {
  return `${meaning === 'tensor' ? '' : meaning}[${shape.join(', ')}]`;
}

/** How many classes a label has. */
export const classCount = ({ type }: Declared): number => type.shape[0] ?? 1;
