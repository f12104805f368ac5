/** Optimisers: their arguments, with PyTorch's defaults, as scalars that the host works out. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import type { HostExpr } from '../../ir/host.ts';
import type { OptimizerSpec } from '../../model/model.ts';
import type { Expr, OptimizerDecl } from '../../syntax/ast.ts';
import { booleanOf, matchArguments, of } from '../evaluate/arguments.ts';
import type { Checker, Env } from '../evaluate/context.ts';
import { fileEnv } from '../evaluate/declarations.ts';
import { evaluateArguments } from '../evaluate/expressions.ts';
import { asHost, describe, showConstant, type Value } from '../evaluate/value.ts';

type Rule = OptimizerSpec['rule'];
type Default = number | boolean | null;

/** Arguments in order. PyTorch's defaults (torch.optim); `clip_norm` null means no limit. */
const rules: Readonly<Record<Rule, Readonly<Record<string, Default>>>> = {
  sgd: { lr: 1e-3, momentum: 0, nesterov: false, clip_norm: null },
  adam: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  adamw: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01, clip_norm: null },
  rmsprop: { lr: 0.01, decay: 0.99, momentum: 0, epsilon: 1e-8, clip_norm: null },
  adagrad: { lr: 0.01, clip_norm: null },
};

/** What a constant value must satisfy; the rest cannot be known before the run. */
const ranges: Readonly<Record<string, { holds: (v: number) => boolean; rule: string }>> = {
  lr: { holds: (v) => v >= 0, rule: '0 or more' },
  momentum: { holds: (v) => v >= 0, rule: '0 or more' },
  beta1: { holds: (v) => v >= 0 && v < 1, rule: 'at least 0 and below 1' },
  beta2: { holds: (v) => v >= 0 && v < 1, rule: 'at least 0 and below 1' },
  epsilon: { holds: (v) => v >= 0, rule: '0 or more' },
  decay: { holds: (v) => v >= 0, rule: '0 or more' },
  clip_norm: { holds: (v) => v > 0, rule: 'above 0' },
};

/** The file's `optimizer` lines. */
export function declaredOptimizers(c: Checker): OptimizerSpec[] {
  const { main } = c.program;
  return main.file.declarations.flatMap((node) => {
    if (node.kind !== 'optimizer' || main.names.get(node.name.text)?.node !== node) return [];
    const spec = declaredOptimizer(c, node, fileEnv(c, main, false));
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
  const known = Object.keys(rules);
  const called = expr.kind === 'call' ? expr.callee.name : null;
  if (!called || expr.kind !== 'call' || !Object.hasOwn(rules, called.text)) {
    const word = called?.text ?? (expr.kind === 'name' ? expr.name : c.text(expr.span));
    const near = nearest(word, known);
    const span = called?.span ?? expr.span;
    const help = Object.hasOwn(rules, word)
      ? `give it its arguments: \`${word}(2e-4)\``
      : near
        ? `did you mean \`${near}\`?`
        : undefined;
    c.report('GAN0518', span, { name: word, known }, help ? { help } : {});
    return null;
  }
  const rule = called.text as Rule;
  const defaults = rules[rule];
  const formals = Object.keys(defaults).map((key) => ({ name: key, required: false }));
  const matched = matchArguments(c, { name: rule, formals }, evaluateArguments(c, expr.args, env), expr.span);
  if (!matched) return null;
  const hyper: Record<string, HostExpr | boolean | null> = {};
  let ok = true;
  for (const [key, otherwise] of Object.entries(defaults)) {
    const given = matched.get(key)?.[0];
    const value = given
      ? hyperparameter(c, given.value, given.span, key, rule, typeof otherwise === 'boolean')
      : typeof otherwise === 'number'
        ? ({ kind: 'number', value: otherwise } as const)
        : otherwise;
    if (value === undefined) ok = false;
    else hyper[key] = value;
  }
  if (ok && hyper.nesterov === true && isZero(hyper.momentum)) {
    c.report('GAN0522', expr.span, {
      what: of('nesterov', rule),
      value: 'true',
      rule: 'used with a `momentum` above 0',
    });
    return null;
  }
  return ok ? { rule, hyper, span: expr.span } : null;
}

function isZero(value: HostExpr | boolean | null | undefined): boolean {
  return typeof value === 'object' && value?.kind === 'number' && value.value === 0;
}

function hyperparameter(
  c: Checker,
  value: Value,
  span: Span,
  key: string,
  rule: string,
  isBoolean: boolean,
): HostExpr | boolean | undefined {
  if (isBoolean) return booleanOf(c, value, span, of(key, rule)) ?? undefined;
  const host = hostScalar(c, value, span, of(key, rule));
  if (!host) return undefined;
  const range = ranges[key];
  if (host.kind === 'number' && range && !range.holds(host.value)) {
    c.report('GAN0522', span, { what: of(key, rule), value: showConstant(host.value), rule: range.rule });
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
