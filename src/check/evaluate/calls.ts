/** Calls: blocks are inlined, nets stay calls, operations become terms. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { NDArray } from '../../ir/types.ts';
import { isSpecial } from '../../names/operations.ts';
import type { Name } from '../../syntax/ast.ts';
import { matchArguments } from './arguments.ts';
import { applyBuiltin } from './builtins.ts';
import type { Checker, Env, Locals } from './context.ts';
import { map } from './entries.ts';
import { evaluate } from './expressions.ts';
import { callNet } from './nets.ts';
import { applyOperation } from './terms.ts';
import { type Fn, fnName, type Given, unknown, type Value } from './value.ts';

export function apply(c: Checker, fn: Fn, given: readonly Given[], span: Span, env: Env, as?: Name): Value {
  if (as && fn.kind !== 'operation') {
    c.report('GAN0227', as.span, { name: as.text, callee: fnName(fn) });
  }
  if (fn.kind !== 'def' && fn.kind !== 'net' && fn.kind !== 'nets' && fn.name === 'map' && !as)
    return map(c, given, span, (f, entry) => apply(c, f, [entry], span, env));
  switch (fn.kind) {
    case 'def':
      return inline(c, fn, given, span, env);
    case 'net':
      return callNet(c, fn, given, span, env);
    case 'nets':
      c.report('GAN0383', span, { list: fnName(fn), length: fn.nets.length });
      return unknown;
    case 'builtin':
      return applyBuiltin(c, fn.name, given, span, env);
    case 'operation':
      return isSpecial(fn.name) && !as
        ? applyBuiltin(c, fn.name, given, span, env)
        : applyOperation(c, fn.name, given, span, env, as);
  }
}

function inline(
  c: Checker,
  fn: Extract<Fn, { kind: 'def' }>,
  given: readonly Given[],
  span: Span,
  env: Env,
): Value {
  const { node, module, name } = fn.decl;
  if (c.names.isCyclic(fn.decl)) return unknown;
  const formals = node.params.map((p) => ({ name: p.name.text, required: p.default === undefined }));
  const matched = matchArguments(c, { name: name.text, formals }, given, span);
  if (!matched) return unknown;
  const locals: Locals = { values: new Map(), outer: null };
  const inner: Env = {
    module,
    locals,
    frame: { ...env.frame, key: `${c.id(fn.decl)}(${given.map((g) => keyOf(c, g)).join()})` },
    body: true,
    numbered: true,
  };
  c.calls.push({ name: name.text, span });
  for (const p of node.params) {
    const argument = matched.get(p.name.text)?.[0];
    locals.values.set(
      p.name,
      argument ? argument.value : p.default ? evaluate(c, p.default, inner) : unknown,
    );
  }
  const result = evaluate(c, node.body, inner);
  c.calls.pop();
  return node.broken ? unknown : result;
}

/** Tells arguments apart: the same tensor, the same constant, the same function. */
function keyOf(c: Checker, given: Given): string {
  const key = (value: Value): string => {
    switch (value.kind) {
      case 'unknown':
        return '?';
      case 'constant':
        return Array.isArray(value.value)
          ? c.textId(value.value, () => JSON.stringify(value.value))
          : JSON.stringify(value.value);
      case 'host':
        return c.textId(value.expr, () => JSON.stringify(value.expr));
      case 'term':
        // Constants have no identity of their own.
        return value.term.kind === 'constant' ? constantKey(c, value.term.value) : `t${c.id(value.term)}`;
      case 'tuple':
        return `(${value.items.map(key).join()})`;
      case 'function':
        return fnName(value.fn);
      case 'initializer':
        return JSON.stringify(value.init);
    }
  };
  return given.name ? `${given.name.text}=${key(given.value)}` : key(given.value);
}

function constantKey(c: Checker, value: NDArray): string {
  return c.textId(value, () => `[${value.shape}:${value.data}]`);
}
