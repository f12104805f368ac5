/** Looks for the one layer that would have to change so that shapes meet. */
import type { Edit } from '../diagnostics/diagnostic.ts';
import type { Shape } from '../ir/types.ts';
import type { Checker } from './context.ts';
import type { Term } from './model.ts';
import type { Application } from './terms.ts';

export interface Repair {
  readonly help: string;
  readonly fix: readonly Edit[];
}

export function repairHelp(_c: Checker, _application: Application): Repair | null {
  return null;
}

export function resultRepair(_c: Checker, _term: Term, _shape: Shape): Repair | null {
  return null;
}

export function argumentRepair(_c: Checker, _inner: Term, _shape: Shape, _term: Term): Repair | null {
  return null;
}
