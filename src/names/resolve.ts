/**
 * Names: every name of every file is looked up once, before anything is evaluated, also in branches that are not chosen
 * and in blocks that are not used. What it reports the later parts pass over in silence.
 */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { type ArgsOf, type Code, diagnose, type Extras } from '../diagnostics/table.ts';
import type {
  Arg,
  Callee,
  DistExpr,
  Expr,
  Name,
  Pattern,
  Stage,
  Statement,
  TypeExpr,
} from '../syntax/ast.ts';
import { callableNames, isBuiltin, isOperation, isScalarName, variants } from './operations.ts';
import { type Declared, lookup, lookupFunction, type Module, type Program, suggestName } from './scope.ts';
import { didYouMean, elsewhere, signs } from './words.ts';

/** A name inside a net, def, block or `each`. */
interface Local {
  readonly name: Name;
  readonly what: 'parameter' | 'let' | 'each';
  used: boolean;
}

interface Scope {
  readonly names: Map<string, Local>;
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

export interface Resolution {
  /** What each net, def and param refers to: for finding cycles. */
  readonly dependencies: ReadonlyMap<Declared, ReadonlyMap<Declared, Span>>;
}

export function resolveNames(program: Program, report: (d: Diagnostic) => void): Resolution {
  const resolver = new Resolver(program, report);
  for (const module of program.modules) resolver.module(module);
  return { dependencies: resolver.dependencies };
}

class Resolver {
  readonly dependencies = new Map<Declared, Map<Declared, Span>>();

  constructor(
    private readonly program: Program,
    private readonly reportDiagnostic: (d: Diagnostic) => void,
  ) {}

  private report<C extends Code>(code: C, span: Span, args: ArgsOf<C>, extras: Extras = {}): void {
    this.reportDiagnostic(diagnose(code, span, args, extras));
  }

  module(module: Module): void {
    const declaredAt = new Map<object, Declared>(module.own.map((d) => [d.node, d]));
    for (const [order, node] of module.file.declarations.entries()) {
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
          break;
        case 'noise':
          this.dist(node.dist, body('a distribution'));
          break;
        case 'init':
          this.dist(node.dist, body('an `init`'));
          break;
        case 'net': {
          for (const p of node.params) this.type(p.type, body('a type'));
          const types =
            node.result.kind === 'single' ? [node.result.type] : node.result.fields.map((f) => f.type);
          for (const type of types) this.type(type, body('a type'));
          const scope = this.parameters(
            node.params.map((p) => p.name),
            null,
          );
          this.expr(node.body, body("a net's body", scope));
          this.unused(scope, module);
          break;
        }
        case 'def': {
          const scope = this.parameters([], null);
          for (const p of node.params) {
            if (p.default) this.expr(p.default, body("a def's default", scope));
            this.add(scope, p.name, 'parameter');
          }
          this.expr(node.body, body("a def's body", scope));
          this.unused(scope, module);
          break;
        }
        case 'optimizer':
          this.optimizer(node.value, { ...values, sees: 'schedule' });
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

  private parameters(names: readonly Name[], outer: Scope | null): Scope {
    const scope: Scope = { names: new Map(), outer };
    for (const name of names) this.add(scope, name, 'parameter');
    return scope;
  }

  private add(scope: Scope, name: Name, what: Local['what']): void {
    if (name.text === '_') return;
    const other = scope.names.get(name.text);
    if (other)
      this.report(
        'GAN0203',
        name.span,
        { name: name.text },
        { labels: [{ span: other.name.span, text: 'first declared here' }] },
      );
    else scope.names.set(name.text, { name, what, used: false });
  }

  private unused(scope: Scope, module: Module): void {
    // A used file is told so when it is checked itself.
    if (module !== this.program.main) return;
    for (const local of scope.names.values())
      if (!local.used && !local.name.text.startsWith('_'))
        this.report('GAN0217', local.name.span, { what: local.what, name: local.name.text });
  }

  private local(scope: Scope | null, name: string): Local | undefined {
    for (let at = scope; at; at = at.outer) {
      const found = at.names.get(name);
      if (found) return found;
    }
    return undefined;
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
          this.value(expr.name, expr.span, place);
          return;
        case 'list':
          for (const item of expr.items) this.expr(item, place);
          return;
        case 'tuple':
          for (const item of expr.items) this.expr(item.value, place);
          return;
        case 'call':
          this.callee(expr.callee, place);
          this.args(expr.args, place);
          return;
        case 'field':
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
    for (const name of pattern.kind === 'name' ? [pattern.name] : pattern.names) this.add(scope, name, 'let');
  }

  private args(args: readonly Arg[], place: Place): void {
    for (const arg of args) this.expr(arg.value, place);
  }

  private stage(stage: Stage, place: Place): void {
    switch (stage.kind) {
      case 'stage':
        this.callee(stage.callee, place);
        if (stage.args) this.args(stage.args, place);
        return;
      case 'choice':
        this.expr(stage.expr, place);
        return;
      case 'each': {
        if (stage.list.kind === 'values') this.expr(stage.list.expr, place);
        else {
          this.expr(stage.list.from, place);
          this.expr(stage.list.to, place);
        }
        const scope: Scope = { names: new Map(), outer: place.scope };
        this.add(scope, stage.variable, 'each');
        for (const inner of stage.stages) this.stage(inner, { ...place, scope });
        // A loop that only repeats need not use its variable.
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
  private value(name: string, span: Span, place: Place): void {
    const local = this.local(place.scope, name);
    if (local) {
      local.used = true;
      return;
    }
    if (isScalarName(name)) return;
    const declared = lookup(this.program, place.module, name);
    if (declared) this.refer(declared, span, place);
    else if (!isOperation(name) && !isBuiltin(name)) this.unknownValue(name, span, place);
  }

  private callee(callee: Callee, place: Place): void {
    const { text, span } = callee.name;
    const local = this.local(place.scope, text);
    if (local) local.used = true;
    const declared = lookupFunction(this.program, place.module, text);
    if (callee.field && !(variants as readonly string[]).includes(callee.field.text)) {
      this.report('GAN0216', callee.field.span, { net: text, field: callee.field.text });
      if (declared) declared.used = true;
      return;
    }
    if (local) return;
    if (declared) this.refer(declared, span, place);
    else if (!isOperation(text) && !isBuiltin(text)) this.unknownFunction(callee.name, place);
  }

  private refer(declared: Declared, span: Span, place: Place): void {
    declared.used = true;
    const { kind } = declared;
    if (place.owner && (kind === 'param' || kind === 'net' || kind === 'def')) {
      const to = this.dependencies.get(place.owner) ?? new Map<Declared, Span>();
      this.dependencies.set(place.owner, to);
      if (!to.has(declared)) to.set(declared, span);
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
    else if (kind !== 'data' && kind !== 'noise' && place.sees === 'values' && declared.order >= place.order)
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
      if (value) value.used = true;
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
    this.report(
      'GAN0202',
      name.span,
      { name: name.text },
      sign
        ? { help: `write the operator: \`${sign}\`` }
        : foreign
          ? { help: `here it is called \`${foreign}\`` }
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
      if (declared) declared.used = true;
    }
  }

  private statements(statements: readonly Statement[], place: Place): void {
    for (const s of statements) {
      switch (s.kind) {
        case 'sample':
          // To be sampled is not yet to be used.
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
          this.expr(s.low, place);
          this.expr(s.high, place);
          break;
        case 'average':
          this.net(s.net, place);
          this.expr(s.decay, place);
          break;
        case 'error':
          break;
      }
    }
  }

  private net(name: Name, place: Place): void {
    const declared = lookup(this.program, place.module, name.text);
    if (declared?.kind === 'net') declared.used = true;
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
