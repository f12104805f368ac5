/** Declarations, types and statements: concrete tree to AST. What lost its name in recovery is an `error`. */
import * as t from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type {
  Branch,
  ClipBounds,
  Declaration,
  Expr,
  Name,
  NetResult,
  Statement,
  StringLiteral,
  TypeExpr,
} from './ast.ts';
import { type Context, node, nodeSpan, nodes, token, tokenSpan, tokens, toName } from './cst.ts';
import {
  buildArgs,
  buildDistribution,
  buildExpression,
  buildList,
  buildPattern,
  buildString,
  chainLimit,
} from './expressions.ts';
import { declaredName } from './names.ts';
import { isToken, type TreeNode } from './tree.ts';

export function buildDeclaration(context: Context, cst: TreeNode, doc: string): Declaration {
  const inner = cst.children.find((child): child is TreeNode => !isToken(child));
  const span = nodeSpan(context, inner?.kind === 'skipped' || inner === undefined ? cst : inner);
  const common: Common = { doc, span, broken: cst.broken };
  return (inner && builders[inner.kind]?.(context, inner, common)) ?? { kind: 'error', ...common };
}

interface Common {
  readonly doc: string;
  readonly span: Span;
  readonly broken: boolean;
}

const builders: Record<string, (context: Context, cst: TreeNode, common: Common) => Declaration | undefined> =
  {
    param(context, cst, common) {
      const name = nameOf(context, cst);
      return name && { kind: 'param', name, value: expressionOf(context, cst), ...common };
    },

    data(context, cst, common) {
      const pattern = buildPattern(context, node(cst, 'pattern'));
      if (pattern === undefined) return undefined;
      const names = pattern.kind === 'name' ? [pattern.name] : pattern.names;
      const record = node(cst, 'recordType');
      const types = nodes(record ?? cst, 'type').map((type) => buildType(context, type));
      if (types.length === 0) return undefined;
      if (types.length !== names.length) {
        const span = nodeSpan(context, record ?? node(cst, 'type') ?? cst);
        context.report(diagnose('GAN0125', span, { names: names.length, types: types.length }));
        return undefined;
      }
      const args = node(cst, 'args');
      return {
        kind: 'data',
        names,
        types,
        ...fromOf(context, cst),
        args: args === undefined ? [] : buildArgs(context, args),
        ...common,
      };
    },

    noise(context, cst, common) {
      const name = nameOf(context, cst);
      const dist = buildDistribution(context, node(cst, 'distribution'));
      return name && dist && { kind: 'noise', name, dist, ...common };
    },

    init(context, cst, common) {
      const slot = token(cst, t.Identifier);
      const dist = buildDistribution(context, node(cst, 'distribution'));
      return slot && dist && { kind: 'init', slot: toName(context, slot), dist, ...common };
    },

    net(context, cst, common) {
      const name = nameOf(context, cst);
      const result = resultOf(context, cst);
      if (name === undefined || result === undefined) return undefined;
      const params = typedOf(context, cst, true);
      return {
        kind: 'net',
        name,
        ...countOf(context, cst),
        params,
        result,
        ...fromOf(context, cst),
        body: expressionOf(context, cst),
        ...common,
      };
    },

    optimizer(context, cst, common) {
      const name = nameOf(context, cst);
      return name && { kind: 'optimizer', name, value: expressionOf(context, cst), ...common };
    },

    state(context, cst, common) {
      const name = nameOf(context, cst);
      const value = node(cst, 'startValue');
      if (name && value)
        return {
          kind: 'state',
          name,
          start: { kind: 'value', value: expressionOf(context, value) },
          ...common,
        };
      const drawn = node(cst, 'startDraw');
      const dist = drawn && buildDistribution(context, node(drawn, 'distribution'));
      if (!name || !dist) return undefined;
      const count = node(drawn, 'expression');
      return {
        kind: 'state',
        name,
        start: { kind: 'draw', dist, ...(count ? { count: buildExpression(context, count) } : {}) },
        ...common,
      };
    },

    def(context, cst, common) {
      const name = nameOf(context, cst);
      if (name === undefined) return undefined;
      const params = nodes(cst, 'parameter').flatMap((parameter) => {
        const name = nameOf(context, parameter);
        if (name === undefined) return [];
        if (token(parameter, t.Is) === undefined) return [{ name }];
        return [{ name, default: expressionOf(context, parameter) }];
      });
      return { kind: 'def', name, params, body: expressionOf(context, cst), ...common };
    },

    let(context, cst, common) {
      const pattern = buildPattern(context, node(cst, 'pattern'));
      return pattern && { kind: 'let', pattern, value: expressionOf(context, cst), ...common };
    },

    value(context, cst, common) {
      const name = nameOf(context, cst);
      const kind = token(cst, t.Loss) ? 'loss' : token(cst, t.Metric) ? 'metric' : 'output';
      return name && { kind, name, value: expressionOf(context, cst), ...common };
    },

    train(context, cst, common) {
      const keyword = token(cst, t.Train);
      if (keyword === undefined) return undefined;
      const name = nameOf(context, cst);
      return {
        kind: 'train',
        ...(name === undefined ? {} : { name }),
        keyword: tokenSpan(context, keyword),
        args: buildArgs(context, node(cst, 'args')),
        body: buildStatements(context, node(cst, 'statements')),
        ...common,
      };
    },

    use(context, cst, common) {
      const path = token(cst, t.StringLiteral);
      return path && { kind: 'use', path: buildString(context, path), ...common };
    },
  };

function nameOf(context: Context, cst: TreeNode): Name | undefined {
  const name = token(cst, t.Identifier);
  return name && declaredName(context, name);
}

function expressionOf(context: Context, cst: TreeNode, index = 0): Expr {
  const expression = node(cst, 'expression', index);
  if (expression === undefined) return { kind: 'error', span: nodeSpan(context, cst) };
  return buildExpression(context, expression);
}

function countOf(context: Context, cst: TreeNode): { count?: Expr } {
  const index = node(cst, 'index');
  return index === undefined ? {} : { count: expressionOf(context, index) };
}

function fromOf(context: Context, cst: TreeNode): { from?: StringLiteral } {
  const path = token(cst, t.StringLiteral);
  return path === undefined ? {} : { from: buildString(context, path) };
}

function buildType(context: Context, cst: TreeNode): TypeExpr {
  const base = token(cst, t.Identifier);
  return {
    base: base === undefined ? null : toName(context, base),
    dims: buildList(context, node(cst, 'list')),
    span: nodeSpan(context, cst),
  };
}

/** `name: TYPE` pairs. A parameter is declared, so some words are refused; a result's field may be any word. */
function typedOf(context: Context, cst: TreeNode, declared: boolean): { name: Name; type: TypeExpr }[] {
  return nodes(cst, 'typed').flatMap((pair) => {
    const word = token(pair, t.Word);
    const type = node(pair, 'type');
    if (word === undefined || type === undefined) return [];
    if (declared && t.reservedWords.has(word.image)) {
      context.report(diagnose('GAN0115', tokenSpan(context, word), { word: word.image, use: 'reserved' }));
    }
    const name = declared ? declaredName(context, word) : toName(context, word);
    return [{ name, type: buildType(context, type) }];
  });
}

function resultOf(context: Context, cst: TreeNode): NetResult | undefined {
  const named = node(cst, 'namedTypes');
  if (named !== undefined) {
    return { kind: 'named', fields: typedOf(context, named, false), span: nodeSpan(context, named) };
  }
  const single = node(cst, 'type');
  if (single === undefined) return undefined;
  const type = buildType(context, single);
  return { kind: 'single', type, span: type.span };
}

function buildStatements(context: Context, cst: TreeNode | undefined): Statement[] {
  if (cst === undefined) return [];
  return nodes(cst, 'statement').map((statement) => buildStatement(context, statement));
}

function buildStatement(context: Context, cst: TreeNode): Statement {
  const inner = cst.children.find((child): child is TreeNode => !isToken(child));
  const span = nodeSpan(context, inner ?? cst);
  return (inner && statementBuilders[inner.kind]?.(context, inner, span)) ?? { kind: 'error', span };
}

const bodyOf = (context: Context, cst: TreeNode) => buildStatements(context, node(cst, 'statements'));

function namesOf(context: Context, cst: TreeNode): Name[] {
  const list = node(cst, 'names');
  return list === undefined ? [] : tokens(list, t.Identifier).map((name) => toName(context, name));
}

function kept(context: Context, cst: TreeNode, kind: 'save' | 'restore', span: Span): Statement | undefined {
  const nets = namesOf(context, cst);
  return nets.length === 0 ? undefined : { kind, nets, span };
}

const statementBuilders: Record<
  string,
  (context: Context, cst: TreeNode, span: Span) => Statement | undefined
> = {
  sample(context, cst, span) {
    const sources = namesOf(context, cst);
    if (sources.length === 0) return undefined;
    const count = node(cst, 'expression');
    if (count === undefined) return { kind: 'sample', sources, span };
    return { kind: 'sample', count: buildExpression(context, count), sources, span };
  },
  update(context, cst, span) {
    const nets = namesOf(context, cst);
    if (nets.length === 0) return undefined;
    return {
      kind: 'update',
      nets,
      direction: token(cst, t.Maximize) === undefined ? 'minimize' : 'maximize',
      objective: expressionOf(context, cst),
      optimizer: expressionOf(context, cst, 1),
      span,
    };
  },
  together: (context, cst, span) => ({ kind: 'together', body: bodyOf(context, cst), span }),
  once: (context, cst, span) => ({ kind: 'once', body: bodyOf(context, cst), span }),
  repeat: (context, cst, span) => ({
    kind: 'repeat',
    count: expressionOf(context, cst),
    body: bodyOf(context, cst),
    span,
  }),
  every: (context, cst, span) => ({
    kind: 'every',
    period: expressionOf(context, cst),
    body: bodyOf(context, cst),
    span,
  }),
  clip(context, cst, span) {
    const net = token(cst, t.Identifier);
    if (net === undefined) return undefined;
    const norm = node(cst, 'largestNorm');
    const bounds = node(cst, 'bounds') ?? cst;
    const to: ClipBounds = norm
      ? { kind: 'norm', most: expressionOf(context, norm) }
      : { kind: 'range', low: expressionOf(context, bounds), high: expressionOf(context, bounds, 1) };
    return { kind: 'clip', net: toName(context, net), to, span };
  },
  average(context, cst, span) {
    const net = token(cst, t.Identifier);
    return net && { kind: 'average', net: toName(context, net), decay: expressionOf(context, cst), span };
  },
  assign(context, cst, span) {
    const state = token(cst, t.Identifier);
    return state && { kind: 'set', state: toName(context, state), value: expressionOf(context, cst), span };
  },
  save: (context, cst, span) => kept(context, cst, 'save', span),
  restore: (context, cst, span) => kept(context, cst, 'restore', span),
  branch(context, cst, span) {
    const conditions = nodes(cst, 'expression');
    if (conditions.length > chainLimit) {
      const at = tokenSpan(context, tokens(cst, t.If)[chainLimit]!);
      context.report(diagnose('GAN0111', at, { what: 'else if', limit: chainLimit }));
      return undefined;
    }
    const branches = nodes(cst, 'statements').map((body, i): Branch => {
      const condition = conditions[i];
      const { start, end } = nodeSpan(context, body);
      return {
        condition: condition ? buildExpression(context, condition) : null,
        body: buildStatements(context, body),
        span: { file: context.path, start: condition ? nodeSpan(context, condition).start : start, end },
      };
    });
    return branches.length === 0 ? undefined : { kind: 'if', branches, span };
  },
};
