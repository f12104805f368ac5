/** Optimisers: their arguments, held to their records, as scalars that the host works out. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import type { HostExpr } from '../../ir/host.ts';
import type { OptimizerSpec } from '../../model/model.ts';
import {
  isOptimiser,
  type OptimiserParameter,
  type OptimiserRecord,
  optimisers,
  parametersOf,
} from '../../ops/optimisers.ts';
import type { Expr, OptimizerDecl } from '../../syntax/ast.ts';
import { booleanOf, matchArguments, of } from '../evaluate/arguments.ts';
import type { Checker, Env } from '../evaluate/context.ts';
import { fileEnv } from '../evaluate/declarations.ts';
import { evaluateArguments } from '../evaluate/expressions.ts';
import { asHost, describe, type Given, showConstant, type Value } from '../evaluate/value.ts';

/** The file's `optimizer` lines. */
export function declaredOptimizers(c: Checker): OptimizerSpec[] {
  const { main } = c.program;
  return main.file.declarations.flatMap((node) => {
    if (node.kind !== 'optimizer' || main.names.get(node.name.text)?.node !== node) return [];
    const spec = declaredOptimizer(c, node, fileEnv(main, false));
    return spec ? [spec] : [];
  });
}

function declaredOptimizer(c: Checker, node: OptimizerDecl, env: Env): OptimizerSpec | null {
  const rule = optimizerRule(c, node.value, env);
  return rule && { ...rule, name: node.name.text, update: null };
}

/** `adam(2e-4, beta1 = 0.5)`; null where it is wrong (reported). */
export function optimizerRule(
  c: Checker,
  expr: Expr,
  env: Env,
): Pick<OptimizerSpec, 'rule' | 'hyper' | 'span'> | null {
  if (expr.kind === 'error') return null;
  const known = Object.keys(optimisers);
  const called = expr.kind === 'call' ? expr.callee.name : null;
  if (!called || expr.kind !== 'call' || !isOptimiser(called.text)) {
    const word = called?.text ?? (expr.kind === 'name' ? expr.name : c.text(expr.span));
    const near = nearest(word, known);
    const span = called?.span ?? expr.span;
    const help = isOptimiser(word)
      ? `give it its arguments: \`${word}(2e-4)\``
      : near
        ? `did you mean \`${near}\`?`
        : undefined;
    c.report('GAN0518', span, { name: word, known }, help ? { help } : {});
    return null;
  }
  const rule = called.text;
  const record: OptimiserRecord = optimisers[rule];
  const parameters = parametersOf(rule);
  const formals = Object.keys(parameters).map((name) => ({ name, required: false }));
  const matched = matchArguments(c, { name: rule, formals }, evaluateArguments(c, expr.args, env), expr.span);
  if (!matched) return null;
  const hyper: Record<string, HostExpr | boolean | null> = {};
  let ok = true;
  for (const [name, parameter] of Object.entries(parameters)) {
    const given = matched.get(name)?.[0];
    const value = given
      ? hyperparameter(c, given, of(name, rule), parameter)
      : typeof parameter.default === 'number'
        ? ({ kind: 'number', value: parameter.default } as const)
        : parameter.default;
    if (value === undefined) ok = false;
    else hyper[name] = value;
  }
  if (!ok) return null;
  const wrong = record.refuse?.(constantsOf(hyper));
  if (wrong) {
    const { parameter, value, rule: broken } = wrong;
    c.report('GAN0522', expr.span, { what: of(parameter, rule), value, rule: broken });
    return null;
  }
  return { rule, hyper, span: expr.span };
}

/** The arguments that are known before the run. */
function constantsOf(hyper: OptimizerSpec['hyper']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(hyper).map(([name, value]) =>
      typeof value === 'object' && value !== null
        ? [name, value.kind === 'number' ? value.value : undefined]
        : [name, value],
    ),
  );
}

function hyperparameter(
  c: Checker,
  { value, span }: Given,
  what: string,
  { default: otherwise, range }: OptimiserParameter,
): HostExpr | boolean | undefined {
  if (typeof otherwise === 'boolean') return booleanOf(c, value, span, what) ?? undefined;
  const host = hostScalar(c, value, span, what);
  if (!host) return undefined;
  if (host.kind === 'number' && range && !range.holds(host.value)) {
    c.report('GAN0522', span, { what, value: showConstant(host.value), rule: range.rule });
    return undefined;
  }
  return host;
}

/** A scalar of the schedule: made of numbers, `step`, `epoch` and `progress`. */
export function hostScalar(c: Checker, value: Value, span: Span, what: string): HostExpr | null {
  if (value.kind === 'unknown') return null;
  const host = asHost(value);
  if (!host) c.report('GAN0519', span, { what, found: describe(value) });
  return host;
}
