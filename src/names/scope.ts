/** Files and their names: what each declares, what it takes from others by `use`, and what hides what (rules 6–9). */
import prelude from '../../grammar/prelude.gan';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { Suggestions } from '../diagnostics/nearest.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { DataDecl, Declaration, File, Name, UseDecl } from '../syntax/ast.ts';
import { parse } from '../syntax/parse.ts';
import { isBuiltin, isOperation } from './operations.ts';

export type NamedDeclaration = Exclude<Declaration, { kind: 'init' | 'use' | 'train' | 'error' }>;

/** One name of a file. `let (a, b)` and records declare several, told apart by `index`. */
export interface Declared {
  readonly kind: NamedDeclaration['kind'];
  readonly name: Name;
  readonly node: NamedDeclaration;
  readonly module: Module;
  readonly index: number;
  /** Position of the declaration in its file: values are read top to bottom. */
  readonly order: number;
}

export interface Module {
  readonly source: Source;
  readonly file: File;
  readonly isPrelude: boolean;
  /** What the file's text can name: its own declarations and those that it uses. */
  readonly names: Map<string, Declared>;
  readonly own: Declared[];
}

export type Load = (path: string, from: string) => Source | undefined;

/** All files of a program. `modules` has used files before those that use them; the main one is last. */
export interface Program {
  readonly main: Module;
  /** Read when a name is looked for that is nowhere else: most files need little of it. */
  readonly prelude: Module;
  readonly modules: readonly Module[];
  /** For what is misspelt anywhere in it. */
  readonly suggestions: Suggestions;
}

export function loadProgram(
  file: File,
  source: Source,
  load: Load,
  report: (d: Diagnostic) => void,
): Program {
  const loader = new Loader(load, report);
  const main = loader.module(file, source);
  return {
    main,
    modules: [...loader.modules],
    suggestions: new Suggestions(),
    get prelude() {
      return preludeModule();
    },
  };
}

export const preludeSource: Source = { path: 'prelude.gan', text: prelude };

let preludeMemo: Module | undefined;

/** The prelude is read once: it never changes. */
export function preludeModule(): Module {
  if (preludeMemo) return preludeMemo;
  const file = parse(preludeSource).value;
  if (!file) throw new Error('internal: the prelude does not parse');
  preludeMemo = { source: preludeSource, file, isPrelude: true, names: new Map(), own: [] };
  declareAll(preludeMemo, () => {});
  return preludeMemo;
}

class Loader {
  readonly modules = new Set<Module>();
  private readonly byPath = new Map<string, Module | null>();
  private readonly underWay: string[] = [];

  constructor(
    private readonly load: Load,
    private readonly report: (d: Diagnostic) => void,
  ) {}

  module(file: File, source: Source): Module {
    const path = normalise(source.path);
    this.underWay.push(path);
    const module: Module = {
      source,
      file,
      isPrelude: false,
      names: new Map(),
      own: [],
    };
    declareAll(module, this.report);
    for (const declaration of file.declarations)
      if (declaration.kind === 'use') this.use(module, declaration);
    this.underWay.pop();
    this.byPath.set(path, module);
    this.modules.add(module);
    return module;
  }

  private use(module: Module, use: UseDecl): void {
    // A file that is being read must not be asked for again: it may be one that only memory holds.
    const expected = normalise(`${module.source.path.replace(/[^\\/]*$/, '')}${use.path.value}`);
    if (this.circle(expected, use)) return;
    const found = this.load(use.path.value, module.source.path);
    if (!found) {
      this.report(diagnose('GAN0209', use.path.span, { path: use.path.value }));
      return;
    }
    const path = normalise(found.path);
    if (this.circle(path, use)) return;
    let used = this.byPath.get(path);
    if (used === undefined) {
      const parsed = parse(found);
      for (const d of parsed.diagnostics) this.report(d);
      used = parsed.value ? this.module(parsed.value, found) : null;
      this.byPath.set(path, used);
    }
    if (!used) return;
    for (const declared of used.own) {
      if (declared.kind !== 'param' && declared.kind !== 'def' && declared.kind !== 'net') continue;
      const other = module.names.get(declared.name.text);
      if (other === declared) continue;
      if (other) {
        this.report(
          diagnose(
            'GAN0208',
            use.path.span,
            { name: declared.name.text, path: use.path.value },
            {
              labels: [
                { span: other.name.span, text: 'declared here' },
                { span: declared.name.span, text: 'and here' },
              ],
            },
          ),
        );
        continue;
      }
      module.names.set(declared.name.text, declared);
    }
  }

  private circle(path: string, use: UseDecl): boolean {
    const at = this.underWay.indexOf(path);
    if (at < 0) return false;
    this.report(diagnose('GAN0210', use.path.span, { chain: [...this.underWay.slice(at), path] }));
    return true;
  }
}

/** `a/./b/../c.gan` is `a/c.gan`: one file has one name. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..' && parts.at(-1) !== '') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

function declareAll(module: Module, report: (d: Diagnostic) => void): void {
  for (const [order, node] of module.file.declarations.entries()) {
    if (node.kind === 'init' || node.kind === 'use' || node.kind === 'train' || node.kind === 'error')
      continue;
    for (const [index, name] of namesOf(node).entries()) {
      if (name.text === '_' && node.kind === 'let') continue;
      declare(module, { node, name, index, order }, report);
    }
  }
}

function declare(
  module: Module,
  { node, name, index, order }: { node: NamedDeclaration; name: Name; index: number; order: number },
  report: (d: Diagnostic) => void,
): void {
  const declared: Declared = {
    kind: node.kind,
    name,
    node,
    module,
    index,
    order,
  };
  const other = module.names.get(name.text);
  if (other) {
    report(
      diagnose(
        'GAN0203',
        name.span,
        { name: name.text },
        { labels: [{ span: other.name.span, text: 'first declared here' }] },
      ),
    );
    return;
  }
  const redefines = isOperation(name.text) || (isBuiltin(name.text) && !isDistribution(name.text));
  if ((node.kind === 'def' || node.kind === 'net') && redefines && !module.isPrelude)
    report(diagnose('GAN0204', name.span, { name: name.text }));
  module.own.push(declared);
  module.names.set(name.text, declared);
}

/** Words that draw or initialise; they are called only where that is meant, so a `def` may have their names. */
function isDistribution(name: string): boolean {
  return ['normal', 'uniform', 'constant', 'bernoulli', 'categorical', 'orthogonal'].includes(name);
}

export function namesOf(node: NamedDeclaration): readonly Name[] {
  if (node.kind === 'data') return (node as DataDecl).names;
  if (node.kind === 'let') return node.pattern.kind === 'name' ? [node.pattern.name] : node.pattern.names;
  return [node.name];
}

/** A name as `module`'s text sees it: its own and used ones hide the prelude's. */
export function lookup(program: Program, module: Module, name: string): Declared | undefined {
  const own = module.names.get(name);
  return own || isOperation(name) || isBuiltin(name) ? own : program.prelude.names.get(name);
}

/** What a called name means at the level of files: a net or def. */
export function lookupFunction(program: Program, module: Module, name: string): Declared | undefined {
  const own = module.names.get(name);
  if (own && (own.kind === 'net' || own.kind === 'def')) return own;
  if (isOperation(name) || isBuiltin(name)) return undefined;
  const standard = program.prelude.names.get(name);
  return standard && (standard.kind === 'net' || standard.kind === 'def') ? standard : undefined;
}

/** The nearest name that would have been right here. */
export function suggestName(
  program: Program,
  module: Module,
  word: string,
  fits: (d: Declared) => boolean,
  further: Iterable<string> = [],
): string | undefined {
  function* candidates(): Generator<string | null> {
    yield* further;
    for (const names of [module.names, program.prelude.names])
      for (const [name, declared] of names) yield fits(declared) ? name : null;
  }
  return program.suggestions.nearest(word, candidates());
}
