/** What the compiler has to say about a text: data, rendered elsewhere (cli, lsp). */

/** A half-open range of UTF-16 offsets in one file. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** The text that spans point into. `path` is as the user wrote it; the prelude's is `prelude.gan`. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export type Severity = 'error' | 'warning' | 'note';

/** A second place that matters, with a few words on why. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** A repair: replace the text under `span` by `text`. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  /** One sentence in the reader's words, without the final period. */
  readonly message: string;
  readonly span: Span;
  readonly labels: readonly Label[];
  /** Why it is so, where it isn't plain: the chain of shapes that led there, the rule, the paper. */
  readonly notes: readonly string[];
  /** The way out, in words. */
  readonly help?: string;
  /** The way out, as an edit that a machine can make. */
  readonly fix?: readonly Edit[];
}

/** What every stage of the pipeline returns: it never throws for a user's mistake. */
export interface Outcome<T> {
  /** Present whenever the stage could make something of its input, even beside errors. */
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** One row of the table of codes. `A` is what the message needs to be said. */
export interface Entry<A> {
  readonly severity: Severity;
  /** A few words, for listings: "shapes don't meet". */
  readonly title: string;
  readonly message: (a: A) => string;
  /** The page that `ganc explain` prints: Markdown, what it means, why it matters, how to mend it. */
  readonly explain: string;
  /** A complete, small `.gan` text that brings exactly this code about (a test runs it). */
  readonly example: string;
  /** For codes that a text alone cannot show (a missing file): how a test brings it about instead. */
  readonly exampleFiles?: Readonly<Record<string, string>>;
  /** The same for codes of `--set`. */
  readonly exampleSet?: Readonly<Record<string, string>>;
}
