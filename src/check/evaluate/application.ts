/** An operation on its operands, as it is written: what makes a term of it and what looks for a repair both read this. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Attrs } from '../../ir/types.ts';
import type { Term } from '../../model/model.ts';
import type { Operation } from '../../ops/record.ts';
import type { Name } from '../../syntax/ast.ts';
import type { Env } from './context.ts';

export interface Application {
  readonly name: string;
  readonly record: Operation;
  readonly operands: readonly Term[];
  /** As written; the record's `resolve` completes them. */
  readonly attrs: Attrs;
  readonly span: Span;
  readonly spans: readonly Span[];
  readonly argumentSpan: (argument: string) => Span;
  /** Arguments other than operands, where they are written. */
  readonly layout?: ReadonlyMap<string, Span>;
  readonly env: Env;
  readonly as?: Name;
}
