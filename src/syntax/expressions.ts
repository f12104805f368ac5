/** Expressions, stages and arguments: concrete tree to AST. Operators get their precedence here. */
import * as t from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Arg, BinaryOp, Callee, DistExpr, Expr, Name, Pattern, Stage, StringLiteral } from './ast.ts';
import {
  type Context,
  join,
  nameText,
  node,
  nodeSpan,
  nodes,
  token,
  tokenSpan,
  tokens,
  toName,
} from './cst.ts';
import { declaredName } from './names.ts';
import { isToken, type Token, type TreeNode } from './tree.ts';

/** Operators that stand in one another without a bracket between. */
export const chainLimit = 256;
/** The same, brackets not counted as an end. */
const totalLimit = 1024;

export function buildExpression(context: Context, cst: TreeNode | undefined): Expr {
  if (cst === undefined) return { kind: 'error', span: { file: context.path, start: 0, end: 0 } };
  const conditional = node(cst, 'conditional');
  const operation = node(cst, 'operation');
  const span = nodeSpan(context, cst);
  const head: Expr =
    conditional !== undefined
      ? buildConditional(context, conditional)
      : operation !== undefined
        ? buildOperation(context, operation)
        : { kind: 'error', span };
  if (token(cst, t.Pipe) === undefined) return head;
  return { kind: 'pipe', head, stages: buildStages(context, cst), span };
}

function buildConditional(context: Context, cst: TreeNode): Expr {
  const parts = nodes(cst, 'expression');
  const ifs = tokens(cst, t.If);
  const span = nodeSpan(context, cst);
  if (ifs.length > chainLimit) {
    const at = tokenSpan(context, ifs[chainLimit]!);
    context.report(diagnose('GAN0111', at, { what: 'else if', limit: chainLimit }));
    return { kind: 'error', span };
  }
  return within(context, ifs.length, span, () => {
    const last = node(cst, 'operation');
    let result: Expr = last === undefined ? { kind: 'error', span } : buildOperation(context, last);
    for (let i = ifs.length - 1; i >= 0; i--) {
      const start = tokenSpan(context, ifs[i]!);
      result = {
        kind: 'if',
        condition: buildExpression(context, parts[2 * i]),
        // biome-ignore lint/suspicious/noThenProperty: the AST's own field; nothing awaits it
        then: buildExpression(context, parts[2 * i + 1]),
        else: result,
        span: join(start, span),
      };
    }
    return result;
  });
}

/** Builds with `count` more operators around; where there are too many, says so and gives an error node. */
function within(context: Context, count: number, span: Span, build: () => Expr): Expr {
  if (context.operatorsAround + count > totalLimit) {
    context.report(diagnose('GAN0111', span, { what: 'operators', limit: totalLimit }));
    return { kind: 'error', span };
  }
  context.operatorsAround += count;
  const result = build();
  context.operatorsAround -= count;
  return result;
}

interface Operand {
  readonly expr: Expr;
  /** With the parentheses around it, which the expression's own span leaves out. */
  readonly span: Span;
  /** Operators nested in one another inside it, brackets not looked into. */
  readonly height: number;
}
type PendingOperator =
  | { readonly kind: 'prefix'; readonly token: Token; readonly precedence: number }
  | { readonly kind: 'binary'; readonly token: Token; readonly precedence: number };

/** Two stacks instead of recursion: a chain may be long, and an unbroken one is refused, not overflowed on. */
function buildOperation(context: Context, cst: TreeNode): Expr {
  const operands = nodes(cst, 'operand');
  const operators = tokens(cst, t.Operator);
  const first = operands[0];
  if (operators.length === 0 && first !== undefined && token(first, t.Prefix) === undefined) {
    return buildOperand(context, first);
  }
  const span = nodeSpan(context, cst);
  const values: Operand[] = [];
  const pending: PendingOperator[] = [];
  let tooDeep: Token | undefined;

  const reduce = () => {
    const operator = pending.pop()!;
    const right = values.pop() ?? missing(span);
    const opSpan = tokenSpan(context, operator.token);
    if (operator.kind === 'prefix') {
      const height = right.height + 1;
      if (height > chainLimit) tooDeep ??= operator.token;
      const op = operator.token.image as '-' | '!';
      const around = join(opSpan, right.span);
      values.push({ expr: { kind: 'unary', op, operand: right.expr, span: around }, span: around, height });
      return;
    }
    const left = values.pop() ?? missing(span);
    const height = Math.max(left.height, right.height) + 1;
    if (height > chainLimit) tooDeep ??= operator.token;
    const op = operator.token.image as BinaryOp;
    const around = join(left.span, right.span);
    const expr: Expr = { kind: 'binary', op, opSpan, left: left.expr, right: right.expr, span: around };
    values.push({ expr, span: around, height });
  };

  return within(context, Math.min(operators.length, chainLimit), span, () => {
    operands.forEach((operand, i) => {
      for (const prefix of tokens(operand, t.Prefix)) {
        pending.push({ kind: 'prefix', token: prefix, precedence: t.prefixPrecedence });
      }
      values.push({ expr: buildOperand(context, operand), span: bareSpan(context, operand), height: 0 });
      const operator = operators[i];
      if (operator === undefined || i === operands.length - 1) return;
      const precedence = t.precedence[operator.image] ?? 0;
      const toTheRight = operator.image === '^';
      for (;;) {
        const top = pending.at(-1);
        if (top === undefined) break;
        if (top.precedence < precedence || (top.precedence === precedence && toTheRight)) break;
        const chained = top.kind === 'binary' && precedence === comparison && top.precedence === comparison;
        if (chained && values.at(-1)?.expr.kind !== 'error') {
          reportChainedComparison(context, top.token, operator);
        }
        reduce();
      }
      pending.push({ kind: 'binary', token: operator, precedence });
    });
    while (pending.length > 0 && tooDeep === undefined) reduce();
    if (tooDeep !== undefined) {
      context.report(
        diagnose('GAN0111', tokenSpan(context, tooDeep), { what: 'operators', limit: chainLimit }),
      );
      return { kind: 'error', span };
    }
    return values[0]?.expr ?? { kind: 'error', span };
  });
}

const comparison = t.precedence['=='];

function missing(span: Span): Operand {
  return { expr: { kind: 'error', span }, span, height: 0 };
}

/** Of an operand without its prefixes. */
function bareSpan(context: Context, operand: TreeNode): Span {
  const whole = nodeSpan(context, operand);
  const primary = node(operand, 'primary');
  return primary === undefined ? whole : join(nodeSpan(context, primary), whole);
}

function reportChainedComparison(context: Context, first: Token, second: Token): void {
  context.report(
    diagnose(
      'GAN0117',
      tokenSpan(context, second),
      { first: first.image, second: second.image },
      { labels: [{ span: tokenSpan(context, first), text: 'the first comparison' }] },
    ),
  );
}

function buildOperand(context: Context, cst: TreeNode): Expr {
  const primary = node(cst, 'primary');
  let result: Expr =
    primary === undefined ? { kind: 'error', span: nodeSpan(context, cst) } : buildPrimary(context, primary);
  // `(f)(x)` has a name in it but calls no name.
  let callable = primary !== undefined && token(primary, t.Identifier) !== undefined;
  const start = primary === undefined ? result.span : nodeSpan(context, primary);
  for (const suffix of nodes(cst, 'suffix')) {
    const args = node(suffix, 'args');
    const index = node(suffix, 'index');
    if (index !== undefined) {
      callable &&= result.kind === 'name';
      const place = buildExpression(context, node(index, 'expression'));
      result = { kind: 'index', object: result, index: place, span: join(start, nodeSpan(context, index)) };
      continue;
    }
    if (args === undefined) {
      const field = token(suffix, t.Word);
      if (field === undefined) continue;
      const name = toName(context, field);
      callable &&= result.kind === 'name' || result.kind === 'index';
      result = { kind: 'field', object: result, field: name, span: join(start, name.span) };
      continue;
    }
    const span = join(start, nodeSpan(context, args));
    const callee = callable ? toCallee(result) : undefined;
    callable = false;
    const built = buildArgs(context, args);
    if (callee !== undefined) {
      result = { kind: 'call', callee, args: built, span };
      continue;
    }
    if (result.kind !== 'error') {
      context.report(diagnose('GAN0118', nodeSpan(context, args), { what: describe(result) }));
    }
    result = { kind: 'error', span };
  }
  return result;
}

function describe(expr: Expr): 'number' | 'call' | 'other' {
  return expr.kind === 'number' ? 'number' : expr.kind === 'call' ? 'call' : 'other';
}

function toCallee(expr: Expr): Callee | undefined {
  if (expr.kind === 'name') return { name: { text: expr.name, span: expr.span }, span: expr.span };
  if (expr.kind === 'index' && expr.object.kind === 'name') {
    const { name, span } = expr.object;
    return { name: { text: name, span }, index: expr.index, span: expr.span };
  }
  if (expr.kind !== 'field' || (expr.object.kind !== 'name' && expr.object.kind !== 'index'))
    return undefined;
  const object = toCallee(expr.object);
  return object && { ...object, field: expr.field, span: expr.span };
}

function buildPrimary(context: Context, cst: TreeNode): Expr {
  const span = nodeSpan(context, cst);
  const number = token(cst, t.NumberLiteral);
  if (number !== undefined) {
    return { kind: 'number', value: numberValue(number.image), text: number.image, span };
  }
  const name = token(cst, t.Identifier);
  if (name !== undefined) return { kind: 'name', name: nameText(name.image), span };
  const string = token(cst, t.StringLiteral);
  if (string !== undefined) return buildString(context, string);
  if (token(cst, t.True) !== undefined) return { kind: 'boolean', value: true, span };
  if (token(cst, t.False) !== undefined) return { kind: 'boolean', value: false, span };
  const tuple = node(cst, 'tuple');
  if (tuple !== undefined) return buildTuple(context, tuple);
  const list = node(cst, 'list');
  if (list !== undefined) return { kind: 'list', items: buildList(context, list), span };
  const block = node(cst, 'block');
  if (block !== undefined) return buildBlock(context, block);
  const draw = node(cst, 'draw');
  if (draw !== undefined) {
    const dist = buildDistribution(context, node(draw, 'distribution'));
    return dist === undefined ? { kind: 'error', span } : { kind: 'draw', dist, span };
  }
  return { kind: 'error', span };
}

/** The value of what begins like a number; a malformed one has had its diagnostic. */
export function numberValue(image: string): number {
  return Number.parseFloat(image.replaceAll('_', ''));
}

export function buildString(context: Context, string: Token): StringLiteral {
  const value = string.image.replace(/^["']|["']$/g, '');
  return { kind: 'string', value, span: tokenSpan(context, string) };
}

function buildTuple(context: Context, cst: TreeNode): Expr {
  const items = nodes(cst, 'argument').map((argument) => {
    const { name, value } = buildArgument(context, argument);
    return name === undefined ? { value } : { name, value };
  });
  const only = items[0];
  if (items.length === 1 && only !== undefined && !('name' in only)) return only.value;
  const span = nodeSpan(context, cst);
  return items.length === 0 ? { kind: 'error', span } : { kind: 'tuple', items, span };
}

export function buildList(context: Context, cst: TreeNode | undefined): Expr[] {
  return cst === undefined ? [] : nodes(cst, 'expression').map((item) => buildExpression(context, item));
}

function buildBlock(context: Context, cst: TreeNode): Expr {
  const lets = nodes(cst, 'let').flatMap((line) => {
    const pattern = buildPattern(context, node(line, 'pattern'));
    if (pattern === undefined) return [];
    const value = buildExpression(context, node(line, 'expression'));
    return [{ pattern, value, span: nodeSpan(context, line) }];
  });
  const span = nodeSpan(context, cst);
  const last = node(cst, 'expression');
  const result: Expr = last === undefined ? { kind: 'error', span } : buildExpression(context, last);
  return { kind: 'block', lets, result, span };
}

export function buildPattern(context: Context, cst: TreeNode | undefined): Pattern | undefined {
  if (cst === undefined) return undefined;
  const names = tokens(cst, t.Identifier).map((name) => declaredName(context, name));
  if (token(cst, t.LParen) !== undefined) {
    return names.length === 0 ? undefined : { kind: 'tuple', names, span: nodeSpan(context, cst) };
  }
  return names[0] === undefined ? undefined : { kind: 'name', name: names[0] };
}

export function buildDistribution(context: Context, cst: TreeNode | undefined): DistExpr | undefined {
  const name = cst && token(cst, t.Identifier);
  if (cst === undefined || name === undefined) return undefined;
  const args = node(cst, 'args');
  const list = node(cst, 'list');
  return {
    name: toName(context, name),
    args: args === undefined ? [] : buildArgs(context, args),
    shape: list === undefined ? null : buildList(context, list),
    span: nodeSpan(context, cst),
  };
}

export function buildArgs(context: Context, cst: TreeNode | undefined): Arg[] {
  if (cst === undefined) return [];
  const args = nodes(cst, 'argument').map((argument) => buildArgument(context, argument));
  const firstNamed = args.find((arg) => arg.name !== undefined);
  if (firstNamed !== undefined) {
    const late = args.find((arg) => arg.name === undefined && arg.span.start > firstNamed.span.start);
    if (late !== undefined) {
      context.report(
        diagnose(
          'GAN0124',
          late.span,
          { name: firstNamed.name!.text },
          { labels: [{ span: firstNamed.span, text: 'named from here on' }] },
        ),
      );
    }
  }
  return args;
}

function buildArgument(context: Context, cst: TreeNode): Arg {
  const word = token(cst, t.Word);
  const expression = node(cst, 'expression');
  const span = nodeSpan(context, cst);
  const value: Expr =
    expression === undefined ? { kind: 'error', span } : buildExpression(context, expression);
  return word === undefined ? { value, span } : { name: toName(context, word), value, span };
}

/** A stage behind each `|>`, and the first one of an `each` behind its brace. */
function buildStages(context: Context, { children }: TreeNode): Stage[] {
  const stages: Stage[] = [];
  for (const [i, child] of children.entries()) {
    if (child.kind === 'stage') stages.push(buildStage(context, child as TreeNode));
    else if (isToken(child) && (child.role === t.Pipe.name || child.role === t.LCurly.name)) {
      if (children[i + 1]?.kind !== 'stage') stages.push({ kind: 'error', span: tokenSpan(context, child) });
    }
  }
  return stages;
}

function buildStage(context: Context, cst: TreeNode): Stage {
  return whichStage(context, cst) ?? { kind: 'error', span: nodeSpan(context, cst) };
}

function whichStage(context: Context, cst: TreeNode): Stage | undefined {
  const application = node(cst, 'application');
  if (application !== undefined) return buildApplication(context, application);
  const each = node(cst, 'each');
  if (each !== undefined) return buildEach(context, each, 'each');
  const repeated = node(cst, 'repeated');
  if (repeated !== undefined) return buildEach(context, repeated, 'repeat');
  const scan = node(cst, 'scan');
  if (scan !== undefined) return buildScan(context, scan);
  const choice = node(cst, 'choice');
  if (choice === undefined) return undefined;
  const span = nodeSpan(context, choice);
  const expr = buildExpression(context, node(choice, 'expression'));
  const bad = firstNonName(expr);
  if (bad !== undefined) context.report(diagnose('GAN0116', bad.span, { what: 'choice', found: '' }));
  return { kind: 'choice', expr: bad === undefined ? expr : { kind: 'error', span }, span };
}

/** A choice of stages is made of `if`s and names; this is the first thing in it that is neither. */
function firstNonName(expr: Expr): Expr | undefined {
  let rest = expr;
  while (rest.kind === 'if') {
    // Only through `then` does this nest, and that nests at most 64 deep.
    const bad = firstNonName(rest.then);
    if (bad !== undefined) return bad;
    rest = rest.else;
  }
  return rest.kind === 'error' || toCallee(rest) !== undefined ? undefined : rest;
}

function buildApplication(context: Context, cst: TreeNode): Stage | undefined {
  const first = token(cst, t.Identifier);
  if (first === undefined) return undefined;
  const word = token(cst, t.Word);
  const name = toName(context, first);
  const field: Name | undefined = word && toName(context, word);
  const list = node(cst, 'index');
  const index = list && buildExpression(context, node(list, 'expression'));
  const end = field?.span ?? (list ? nodeSpan(context, list) : name.span);
  const callee: Callee = {
    name,
    ...(index === undefined ? {} : { index }),
    ...(field === undefined ? {} : { field }),
    span: join(name.span, end),
  };
  const args = node(cst, 'args');
  const label = token(cst, t.As) === undefined ? undefined : token(cst, t.Identifier, 1);
  return {
    kind: 'stage',
    callee,
    args: args === undefined ? null : buildArgs(context, args),
    ...(label === undefined ? {} : { as: toName(context, label) }),
    span: nodeSpan(context, cst),
  };
}

function buildEach(context: Context, cst: TreeNode, kind: 'each' | 'repeat'): Stage | undefined {
  const variable = token(cst, t.Identifier);
  const [from, to] = nodes(cst, 'expression');
  if (variable === undefined || from === undefined) return undefined;
  const first = buildExpression(context, from);
  const last = to === undefined ? undefined : buildExpression(context, to);
  return {
    kind,
    variable: declaredName(context, variable),
    list:
      last === undefined
        ? { kind: 'values', expr: first, span: first.span }
        : { kind: 'range', from: first, to: last, span: join(first.span, last.span) },
    stages: buildStages(context, cst),
    span: nodeSpan(context, cst),
  };
}

function buildScan(context: Context, cst: TreeNode): Stage | undefined {
  const state = buildPattern(context, node(cst, 'pattern'));
  const initial = node(cst, 'expression');
  if (state === undefined || initial === undefined) return undefined;
  return {
    kind: 'scan',
    state,
    initial: buildExpression(context, initial),
    stages: buildStages(context, cst),
    span: nodeSpan(context, cst),
  };
}
