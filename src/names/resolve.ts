/**
 * Names: every name of every file is looked up here and nowhere else, before anything is evaluated, also in branches that
 * are not chosen and in blocks that are not used. What this reports, the later parts pass over in silence.
 */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { Suggestions } from '../diagnostics/nearest.ts';
import { type ArgsOf, type Code, diagnose, type Extras } from '../diagnostics/table.ts';
import type {
  Arg,
  Callee,
  Declaration,
  DistExpr,
  Expr,
  ExprOf,
  Name,
  Pattern,
  Stage,
  Statement,
  TypeExpr,
} from '../syntax/ast.ts';
import { findCycles } from './cycles.ts';
import { callableNames, isBuiltin, isOperation, isScalarName, variants } from './operations.ts';
import { type Given, type Local, type Meaning, Resolution, type Use } from './resolution.ts';
import {
  type Declared,
  lookup,
  lookupFunction,
  type Module,
  type Program,
  preludeModule,
  suggestName,
} from './scope.ts';
import { unusedPart } from './unused-part.ts';
import { didYouMean, elsewhere, phrases, signs } from './words.ts';

/** What may stand below the values that use it. */
const ANYWHERE: ReadonlySet<Declared['kind']> = new Set(['data', 'noise', 'state']);

interface ScopedLocal {
  readonly local: Local;
  /** Its value may be a function: not that of a net's parameter, nor what `each` counts. */
  readonly called: boolean;
}

interface Scope {
  readonly names: Map<string, ScopedLocal>;
  readonly outer: Scope | null;
}

interface Place {
  readonly module: Module;
  /** `body`: nets, defs and constants, which see no data, noise or let. `values`: those above it. `schedule`: all. */
  readonly sees: 'body' | 'values' | 'schedule';
  /** In words, for messages: "a net's body". */
  readonly what: string;
  readonly order: number;
  /** What its references are dependencies of, for cycles. */
  readonly owner: Declared | null;
  readonly scope: Scope | null;
}

/** Looks every name of a program up, and reports those that nothing has. */
export function resolveNames(program: Program, report: (d: Diagnostic) => void): Resolution {
  const names = new Resolution(resolvedPrelude);
  const resolver = new Resolver(program, names, report);
  for (const module of program.modules) resolver.module(module);
  findCycles(names, report);
  return names;
}

let preludeMemo: Resolution | undefined;

/** The prelude is resolved once: it never changes. */
function resolvedPrelude(): Resolution {
  if (preludeMemo) return preludeMemo;
  const prelude = preludeModule();
  preludeMemo = new Resolution(null);
  const program: Program = { main: prelude, prelude, modules: [prelude], suggestions: new Suggestions() };
  new Resolver(program, preludeMemo, () => {}).module(prelude);
  return preludeMemo;
}

const none: readonly ScopedLocal[] = [];

class Resolver {
  /** Names of the patterns of tuples. */
  private readonly parts = new Set<Name>();
  /** The declaration that is being walked through. */
  private inside: Declaration | null = null;

  constructor(
    private readonly program: Program,
    private readonly names: Resolution,
    private readonly reportDiagnostic: (d: Diagnostic) => void,
  ) {}

  private report<C extends Code>(code: C, span: Span, args: ArgsOf<C>, extras: Extras = {}): void {
    this.reportDiagnostic(diagnose(code, span, args, extras));
  }

  private note(use: Use, meaning: Meaning, wanted = true): void {
    this.names.note(use, meaning, this.inside, wanted);
  }

  module(module: Module): void {
    const declaredAt = new Map<object, Declared>(module.own.map((d) => [d.node, d]));
    for (const declared of module.own) this.names.declare(declared.name, declared);
    for (const [order, node] of module.file.declarations.entries()) {
      this.inside = node;
      const owner = declaredAt.get(node) ?? null;
      const body = (what: string, scope: Scope | null = null): Place => ({
        module,
        sees: 'body',
        what,
        order,
        owner,
        scope,
      });
      const values: Place = { module, sees: 'values', what: '', order, owner: null, scope: null };
      switch (node.kind) {
        case 'param':
          this.expr(node.value, body('a `param`'));
          break;
        case 'data':
          for (const type of node.types) this.type(type, body('a type'));
          for (const arg of node.args) this.expr(arg.value, body('an argument of `data`'));
          break;
        case 'noise':
          this.dist(node.dist, body('a distribution'));
          break;
        case 'init':
          this.dist(node.dist, body('an `init`'));
          break;
        case 'net': {
          if (node.count) this.expr(node.count, body('the length of a list of nets'));
          for (const p of node.params) this.type(p.type, body('a type'));
          const types =
            node.result.kind === 'single' ? [node.result.type] : node.result.fields.map((f) => f.type);
          for (const type of types) this.type(type, body('a type'));
          const scope: Scope = { names: new Map(), outer: null };
          for (const p of node.params) this.add(scope, p.name, 'parameter', false);
          this.expr(node.body, body("a net's body", scope));
          this.unused(scope, module);
          break;
        }
        case 'def': {
          const scope: Scope = { names: new Map(), outer: null };
          for (const p of node.params) {
            if (p.default) this.expr(p.default, body("a def's default", scope));
            this.add(scope, p.name, 'parameter', true);
          }
          this.expr(node.body, body("a def's body", scope));
          this.unused(scope, module);
          break;
        }
        case 'optimizer':
          this.optimizer(node.value, { ...values, sees: 'schedule' });
          break;
        case 'state':
          if (node.start.kind === 'value') this.expr(node.start.value, body("a state's start"));
          else {
            if (node.start.count) this.expr(node.start.count, body("a state's count"));
            this.dist(node.start.dist, body("a state's start"));
          }
          break;
        case 'let':
        case 'loss':
        case 'metric':
        case 'output':
          this.expr(node.value, values);
          break;
        case 'train':
          for (const arg of node.args) this.expr(arg.value, { ...values, sees: 'schedule' });
          this.statements(node.body, { ...values, sees: 'schedule' });
          break;
        case 'use':
        case 'error':
          break;
      }
    }
  }

  /** `called`: its value may be a function. */
  private add(scope: Scope, name: Name, what: Local['what'], called: boolean): void {
    if (name.text === '_') return;
    const other = scope.names.get(name.text);
    if (other) {
      const labels = [{ span: other.local.name.span, text: 'first declared here' }];
      this.report('GAN0203', name.span, { name: name.text }, { labels });
      return;
    }
    const known = this.names.declared(name);
    const local: Local = known?.kind === 'local' ? known : { kind: 'local', what, name };
    scope.names.set(name.text, { local, called });
    this.names.declare(name, local);
  }

  private unused(scope: Scope, module: Module): void {
    // A used file is told so when it is checked itself.
    if (module !== this.program.main) return;
    for (const { local } of scope.names.values())
      if (!this.names.isUsed(local) && !local.name.text.startsWith('_'))
        this.report(
          'GAN0217',
          local.name.span,
          { what: local.what, name: local.name.text },
          this.parts.has(local.name) ? unusedPart(local.name.span) : {},
        );
  }

  /** The locals of this name, innermost first. */
  private locals(scope: Scope | null, name: string): readonly ScopedLocal[] {
    let all: ScopedLocal[] | undefined;
    for (let at = scope; at; at = at.outer) {
      const found = at.names.get(name);
      if (found && all) all.push(found);
      else if (found) all = [found];
    }
    return all ?? none;
  }

  /** Walks an expression. Left spines of operators and chains of `else if` are walked in loops: they may be long. */
  private expr(start: Expr, place: Place): void {
    let expr = start;
    for (;;) {
      switch (expr.kind) {
        case 'binary':
          this.expr(expr.right, place);
          expr = expr.left;
          continue;
        case 'unary':
          expr = expr.operand;
          continue;
        case 'if':
          this.expr(expr.condition, place);
          this.expr(expr.then, place);
          expr = expr.else;
          continue;
        case 'name':
          this.value(expr, place);
          return;
        case 'list':
          for (const item of expr.items) this.expr(item, place);
          return;
        case 'tuple':
          for (const item of expr.items) this.expr(item.value, place);
          return;
        case 'call':
          this.callee(expr.callee, expr.args, place);
          this.args(expr.args, place);
          return;
        case 'field':
          expr = expr.object;
          continue;
        case 'index':
          this.expr(expr.index, place);
          expr = expr.object;
          continue;
        case 'pipe':
          this.expr(expr.head, place);
          for (const stage of expr.stages) this.stage(stage, place);
          return;
        case 'block': {
          const scope: Scope = { names: new Map(), outer: place.scope };
          const inner = { ...place, scope };
          for (const line of expr.lets) {
            this.expr(line.value, inner);
            this.pattern(line.pattern, scope);
          }
          this.expr(expr.result, inner);
          this.unused(scope, place.module);
          return;
        }
        case 'draw':
          this.dist(expr.dist, place);
          return;
        case 'number':
        case 'string':
        case 'boolean':
        case 'error':
          return;
      }
    }
  }

  private pattern(pattern: Pattern, scope: Scope): void {
    const names = pattern.kind === 'name' ? [pattern.name] : pattern.names;
    for (const name of names) {
      if (pattern.kind !== 'name') this.parts.add(name);
      this.add(scope, name, 'let', true);
    }
  }

  private args(args: readonly Arg[], place: Place): void {
    for (const arg of args) this.expr(arg.value, place);
  }

  private stage(stage: Stage, place: Place): void {
    switch (stage.kind) {
      case 'stage':
        this.callee(stage.callee, stage.args ?? [], place);
        this.args(stage.args ?? [], place);
        return;
      case 'choice':
        this.expr(stage.expr, place);
        return;
      case 'each':
      case 'repeat': {
        if (stage.list.kind === 'values') this.expr(stage.list.expr, place);
        else {
          this.expr(stage.list.from, place);
          this.expr(stage.list.to, place);
        }
        const scope: Scope = { names: new Map(), outer: place.scope };
        this.add(scope, stage.variable, 'each', false);
        for (const inner of stage.stages) this.stage(inner, { ...place, scope });
        // A loop that only repeats need not use its variable.
        return;
      }
      case 'scan': {
        this.expr(stage.initial, place);
        const scope: Scope = { names: new Map(), outer: place.scope };
        const { state } = stage;
        for (const name of state.kind === 'name' ? [state.name] : state.names)
          this.add(scope, name, 'each', true);
        for (const inner of stage.stages) this.stage(inner, { ...place, scope });
        return;
      }
      case 'error':
        return;
    }
  }

  private type(type: TypeExpr, place: Place): void {
    for (const dim of type.dims) this.expr(dim, place);
  }

  private dist(dist: DistExpr, place: Place): void {
    this.args(dist.args, place);
    for (const dim of dist.shape ?? []) this.expr(dim, place);
  }

  /** A name that stands for a value, or as a bare name for a function. */
  private value(use: ExprOf<'name'>, place: Place): void {
    const { name } = use;
    const [local] = this.locals(place.scope, name);
    if (local) {
      this.note(use, local.local);
      return;
    }
    const declared = isScalarName(name) ? undefined : lookup(this.program, place.module, name);
    const given = this.given(name);
    if (declared) this.refer(use, declared, place);
    else if (given) this.note(use, given);
    else this.unknownValue(name, use.span, place);
  }

  private given(name: string): Given | null {
    if (isScalarName(name)) return this.names.given('scalar', name);
    if (isOperation(name)) return this.names.given('operation', name);
    return isBuiltin(name) ? this.names.given('builtin', name) : null;
  }

  private callee({ name, index, field }: Callee, args: readonly Arg[], place: Place): void {
    const { text } = name;
    if (index) this.expr(index, place);
    const all = this.locals(place.scope, text);
    const declared = lookupFunction(this.program, place.module, text);
    const otherwise = declared ?? (isScalarName(text) ? null : this.given(text));
    if (all.length > 0) this.names.noteCallable(name, { locals: all.map(({ local }) => local), otherwise });
    const wrongField = field && !(variants as readonly string[]).includes(field.text);
    if (wrongField) this.report('GAN0216', field.span, { net: text, field: field.text });
    // What cannot be a function does not hide one.
    const local = otherwise === null ? all[0] : all.find(({ called }) => called);
    if (local && declared && this.inside) this.names.depend(this.inside, declared);
    if (local) this.note(name, local.local);
    else if (declared) {
      if (wrongField) this.note(name, declared);
      else this.refer(name, declared, place);
      this.namedArguments(declared, args);
    } else if (otherwise) this.note(name, otherwise);
    else if (!wrongField) this.unknownFunction(name, place);
  }

  /** `f(k = 3)` names a parameter of `f`. */
  private namedArguments({ node }: Declared, args: readonly Arg[]): void {
    if (node.kind !== 'net' && node.kind !== 'def') return;
    for (const { name } of args) {
      const parameter = name && node.params.find((p) => p.name.text === name.text)?.name;
      if (!parameter) continue;
      const known = this.names.declared(parameter);
      const local: Local =
        known?.kind === 'local' ? known : { kind: 'local', what: 'parameter', name: parameter };
      this.names.declare(parameter, local);
      this.note(name, local, false);
    }
  }

  private refer(use: Use, declared: Declared, place: Place): void {
    this.note(use, declared);
    const { span } = use;
    const { kind } = declared;
    if (place.owner && (kind === 'param' || kind === 'net' || kind === 'def')) {
      this.names.link(place.owner, declared, span);
      return;
    }
    if (kind === 'param' || kind === 'net' || kind === 'def') return;
    const { text: name } = declared.name;
    const labels = [{ span: declared.name.span, text: 'declared here' }];
    if (kind === 'optimizer') this.report('GAN0213', span, { name, what: 'an optimizer' }, { labels });
    else if (place.sees === 'body')
      this.report(
        'GAN0205',
        span,
        { name, kind, where: place.what },
        {
          labels,
          help: place.what.endsWith('body')
            ? `give it as a parameter: \`${name}\` in the list of parameters, and in the call`
            : `constants are made of numbers and other \`param\`s`,
        },
      );
    else if (!ANYWHERE.has(kind) && place.sees === 'values' && declared.order >= place.order)
      this.report('GAN0206', span, { name, itself: declared.order === place.order }, { labels });
  }

  private unknownValue(name: string, span: Span, place: Place): void {
    const locals = this.localNames(place.scope);
    const near = suggestName(
      this.program,
      place.module,
      name,
      (d) => d.kind !== 'optimizer' && (place.sees !== 'body' || ['param', 'net', 'def'].includes(d.kind)),
      locals,
    );
    this.report('GAN0201', span, { name }, didYouMean(near, span));
  }

  private unknownFunction(name: Name, place: Place): void {
    const value = lookup(this.program, place.module, name.text);
    if (value || isScalarName(name.text)) {
      if (value) this.note(name, value);
      const labels = value ? [{ span: value.name.span, text: 'declared here' }] : [];
      this.report(
        'GAN0214',
        name.span,
        { name: name.text },
        {
          labels,
          help: `for a product write \`${name.text} * (…)\`; a function is declared with \`def ${name.text}(…) = …\``,
        },
      );
      return;
    }
    const sign = signs.get(name.text);
    const near = suggestName(
      this.program,
      place.module,
      name.text,
      (d) => d.kind === 'net' || d.kind === 'def',
      this.functionNames(place.scope),
    );
    const foreign = elsewhere.get(name.text);
    const phrase = phrases.get(name.text);
    this.report(
      'GAN0202',
      name.span,
      { name: name.text },
      sign
        ? { help: `write the operator: \`${sign}\`` }
        : foreign
          ? { help: `here it is called \`${foreign}\`` }
          : phrase
            ? { help: `here one writes ${phrase}` }
            : didYouMean(near, name.span),
    );
  }

  private *functionNames(scope: Scope | null): Generator<string> {
    yield* callableNames();
    yield* this.localNames(scope);
  }

  private *localNames(scope: Scope | null): Generator<string> {
    for (let at = scope; at; at = at.outer) yield* at.names.keys();
  }

  private optimizer(expr: Expr, place: Place): void {
    if (expr.kind === 'call') this.args(expr.args, place);
    else if (expr.kind === 'name') {
      const declared = lookup(this.program, place.module, expr.name);
      if (declared) this.note(expr, declared);
    }
  }

  private statements(statements: readonly Statement[], place: Place): void {
    for (const s of statements) {
      switch (s.kind) {
        case 'sample':
          for (const source of s.sources) this.unwanted(source, place);
          if (s.count) this.expr(s.count, place);
          break;
        case 'update':
          for (const net of s.nets) this.net(net, place);
          this.expr(s.objective, place);
          this.optimizer(s.optimizer, place);
          break;
        case 'repeat':
          this.expr(s.count, place);
          this.statements(s.body, place);
          break;
        case 'every':
          this.expr(s.period, place);
          this.statements(s.body, place);
          break;
        case 'together':
        case 'once':
          this.statements(s.body, place);
          break;
        case 'clip':
          this.net(s.net, place);
          if (s.to.kind === 'norm') this.expr(s.to.most, place);
          else {
            this.expr(s.to.low, place);
            this.expr(s.to.high, place);
          }
          break;
        case 'average':
          this.net(s.net, place);
          this.expr(s.decay, place);
          break;
        case 'set':
          // To be set is not yet to be used.
          this.unwanted(s.state, place);
          this.expr(s.value, place);
          break;
        case 'save':
        case 'restore':
          for (const net of s.nets) this.net(net, place);
          break;
        case 'if':
          for (const { condition, body } of s.branches) {
            if (condition) this.expr(condition, place);
            this.statements(body, place);
          }
          break;
        case 'error':
          break;
      }
    }
  }

  /** A name whose value is not wanted where it stands. */
  private unwanted(name: Name, place: Place): void {
    const declared = place.module.names.get(name.text);
    if (declared) this.note(name, declared, false);
  }

  private net(name: Name, place: Place): void {
    const declared = lookup(this.program, place.module, name.text);
    if (declared?.kind === 'net') this.note(name, declared);
    else
      this.report(
        'GAN0517',
        name.span,
        { name: name.text },
        didYouMean(
          suggestName(this.program, place.module, name.text, (d) => d.kind === 'net'),
          name.span,
        ),
      );
  }
}
