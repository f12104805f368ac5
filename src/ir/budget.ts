/**
 * How large a program may become while it is built. A few lines can stand for millions of operations: nets that call nets
 * twice, gradients of gradients, an update for each of a thousand losses. What is counted is work, not time, so the same
 * program is refused on every machine.
 */
import type { Span } from '../diagnostics/diagnostic.ts';

/** Operations of all phases and outputs together, and how often one may be asked for. */
export const mostNodes = 100_000;
const mostRequests = 8 * mostNodes;

/** Thrown where the budget ends, and turned into a finding by whoever asked for the plan. */
export class TooLarge extends Error {
  /** The update or output that is being built. */
  readonly statement: Span;
  /** What of it was being built. */
  readonly inside: Span;

  constructor(what: string, statement: Span, inside: Span) {
    super(what);
    this.statement = statement;
    this.inside = inside;
  }
}

export class Budget {
  #statement: Span | null = null;
  #nodes = mostNodes;
  #requests = mostRequests;

  /** What is built now. */
  begin(statement: Span): void {
    this.#statement = statement;
  }

  /** One operation more in a graph. */
  node(span: Span): void {
    if (--this.#nodes < 0) this.#end(`more than ${mostNodes.toLocaleString('en')} operations`, span);
  }

  /** One operation asked for, which may be there already. */
  request(span: Span): void {
    if (--this.#requests < 0)
      this.#end(`more than ${mostRequests.toLocaleString('en')} operations, many of them alike`, span);
  }

  #end(what: string, span: Span): never {
    throw new TooLarge(what, this.#statement ?? span, span);
  }
}
