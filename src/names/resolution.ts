/**
 * What each name of a program means: from every use to its declaration, and back. Made once, by `resolve.ts`; the checker,
 * and whoever renames or looks for references, reads it.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Declaration, ExprOf, Name } from '../syntax/ast.ts';
import type { Declared } from './scope.ts';

/** A place where a name is used: in an expression, or as a part of a call, a stage or a statement. */
export type Use = Name | ExprOf<'name'>;

/** A name inside a net, def, block or `each`. Its `name` in the tree tells it from all others. */
export interface Local {
  readonly kind: 'local';
  readonly what: 'parameter' | 'let' | 'each';
  readonly name: Name;
}

/** What the language brings along: an operation of the table, a function of the checker, `step` and its like. */
export interface Given {
  readonly kind: 'operation' | 'builtin' | 'scalar';
  readonly name: string;
}

export type Meaning = Local | Declared | Given;

/** What a called name may mean (rule 6): the first of `locals` whose value is a function, else `otherwise`. */
export interface Callable {
  /** Innermost first. Which of them hold functions is known where they have values. */
  readonly locals: readonly Local[];
  /** A net, a def, an operation or a function of the checker; null where there is none. */
  readonly otherwise: Declared | Given | null;
}

export function isDeclared(meaning: Meaning): meaning is Declared {
  return 'node' in meaning;
}

export type Dependencies = ReadonlyMap<Declared, ReadonlyMap<Declared, Span>>;

export class Resolution {
  private readonly meanings = new Map<Use, Meaning>();
  private readonly callables = new Map<Name, Callable>();
  /** Made when it is asked for: a check alone does not need it. */
  private usesOf: Map<Meaning, Use[]> | undefined;
  private readonly used = new Set<Meaning>();
  private readonly declarations = new Map<Name, Declared | Local>();
  private readonly givens: Readonly<Record<Given['kind'], Map<string, Given>>> = {
    operation: new Map(),
    builtin: new Map(),
    scalar: new Map(),
  };
  private readonly links = new Map<Declared, Map<Declared, Span>>();
  private readonly inCycles = new Set<Declared>();
  private readonly byNode = new Map<Declaration, Set<Declared>>();

  /** `prelude`: where names of the prelude's own text are looked up; null for the prelude itself. */
  constructor(private readonly prelude: (() => Resolution) | null) {}

  /** What a name means; undefined where nothing has that name, which is reported. */
  meaning(use: Use): Meaning | undefined {
    return this.meanings.get(use) ?? this.prelude?.().meaning(use);
  }

  /** The declaration of a file that a name means; undefined where it means something else. */
  declaration(use: Use): Declared | undefined {
    const meaning = this.meaning(use);
    return meaning && isDeclared(meaning) ? meaning : undefined;
  }

  /** What a called name may mean. */
  callable(name: Name): Callable {
    const known = this.callables.get(name);
    if (known) return known;
    const meaning = this.meanings.get(name);
    if (!meaning) return this.prelude?.().callable(name) ?? { locals: [], otherwise: null };
    const isCalled = meaning.kind !== 'local' && meaning.kind !== 'scalar' && isFunction(meaning);
    return { locals: [], otherwise: isCalled ? meaning : null };
  }

  /** Every use of a declaration or of what the language gives, in the order of the files and of their text. */
  uses(meaning: Meaning): readonly Use[] {
    if (!this.usesOf) {
      this.usesOf = new Map();
      for (const [use, meant] of this.meanings) {
        const uses = this.usesOf.get(meant);
        if (uses) uses.push(use);
        else this.usesOf.set(meant, [use]);
      }
    }
    return this.usesOf.get(meaning) ?? [];
  }

  /** What a name declares where it is declared. */
  declared(name: Name): Declared | Local | undefined {
    return this.declarations.get(name) ?? this.prelude?.().declared(name);
  }

  /** An operation, a function of the checker or a scalar, for its uses. */
  given(kind: Given['kind'], name: string): Given {
    const known = this.givens[kind].get(name);
    if (known) return known;
    const given: Given = { kind, name };
    this.givens[kind].set(name, given);
    return given;
  }

  /** Whether its value is wanted anywhere. To be sampled, or given as a named argument, is not yet to be used. */
  isUsed(meaning: Meaning): boolean {
    return this.used.has(meaning);
  }

  /** The declarations that one refers to, in the order of its text. */
  usedBy(node: Declaration): Iterable<Declared> {
    return this.byNode.get(node) ?? [];
  }

  /** What each net, def and param refers to. */
  get dependencies(): Dependencies {
    return this.links;
  }

  /** Whether it needs itself, which is reported; it has no value then. */
  isCyclic(declared: Declared): boolean {
    return this.inCycles.has(declared);
  }

  declare(name: Name, meaning: Declared | Local): void {
    this.declarations.set(name, meaning);
  }

  /** `inside`: the declaration that the use stands in. */
  note(use: Use, meaning: Meaning, inside: Declaration | null, wanted = true): void {
    if (inside && isDeclared(meaning)) this.depend(inside, meaning);
    this.meanings.set(use, meaning);
    if (wanted) this.used.add(meaning);
  }

  depend(inside: Declaration, on: Declared): void {
    const known = this.byNode.get(inside);
    if (known) known.add(on);
    else this.byNode.set(inside, new Set([on]));
  }

  /** For a called name that locals have; what others mean is their `meaning`. */
  noteCallable(name: Name, callable: Callable): void {
    this.callables.set(name, callable);
  }

  link(from: Declared, to: Declared, span: Span): void {
    const links = this.links.get(from) ?? new Map<Declared, Span>();
    this.links.set(from, links);
    if (!links.has(to)) links.set(to, span);
  }

  noteCycle(declared: Declared): void {
    this.inCycles.add(declared);
  }
}

function isFunction({ kind }: Declared | Given): boolean {
  return kind === 'net' || kind === 'def' || kind === 'operation' || kind === 'builtin';
}
