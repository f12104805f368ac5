/** What the rules of the craft look at: the checked model, and ways of looking at it that they share. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Model, Term } from '../model/model.ts';
import type { Positive } from './positive.ts';
import type { Pulls } from './pull.ts';
import type { Ranges } from './ranges.ts';
import type { Terms } from './terms.ts';

/** A term with the value, net or update of the user's file that it belongs to. */
export interface Placed {
  readonly term: Term;
  readonly owner: Span;
}

export interface Craft {
  readonly model: Model;
  readonly terms: Terms;
  readonly ranges: Ranges;
  readonly pulls: Pulls;
  readonly positive: Positive;
  /** Every term of the program once, in an order that puts parts first. */
  readonly all: readonly Placed[];
  /** Where to point: a term of the prelude is shown at the line of the user's that uses it. */
  readonly at: (placed: Placed) => Span;
}
