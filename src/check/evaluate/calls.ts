/** Calls: blocks are inlined, nets stay calls, operations become terms. */
import type { Span } from '../../diagnostics/diagnostic.ts';
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
    frame: env.frame,
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
