/** Blocks of a schedule as statements of JavaScript: conditions of `if` and `else if`, and what a statement is there for. */
import type { HostExpr } from '../../ir/host.ts';
import type { Guard, Step } from '../../plan/plan.ts';
import { hostCondition, hostOperand } from '../text/host.ts';

export function conditionOf(step: Step | undefined): HostExpr | undefined {
  return step?.kind === 'when' && step.guard.kind === 'if' ? step.guard.condition : undefined;
}

/** The condition of an `else if` without what it says of the branches before it. */
export function withoutEarlier(condition: HostExpr): HostExpr {
  return condition.kind === 'binary' && condition.op === 'and' ? condition.right : condition;
}

/** What the second block asks besides that the first does not run: null for nothing, undefined where they don't exclude each other. */
export function elseOf(first: HostExpr, second: HostExpr): HostExpr | null | undefined {
  const excludes = (expr: HostExpr) =>
    expr.kind === 'unary' && expr.op === 'not' && JSON.stringify(expr.operand) === JSON.stringify(first);
  if (excludes(second)) return null;
  const both = second.kind === 'binary' && second.op === 'and' && excludes(second.left);
  return both ? second.right : undefined;
}

export function guard(g: Guard): string {
  switch (g.kind) {
    case 'every':
      return g.period === 1 ? 'true' : `run.step % ${g.period} === 0`;
    case 'once':
      return 'run.step === 0';
    case 'if':
      return hostCondition(g.condition);
    case 'logged':
      return 'run.logging';
    case 'positive':
      return `${hostOperand(g.count)} >= 1`;
  }
}

/** What a person puts behind the statement before it. */
export function isTrailing(step: Step): boolean {
  return step.kind === 'free' || step.kind === 'log';
}

/** For each step the statement for whose sake it is there: itself, or the next one. */
export function headsOf(steps: readonly Step[]): (Step | null)[] {
  const heads: (Step | null)[] = [];
  let next: Step | null = null;
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (!SERVES.has(step.kind)) next = step;
    heads[i] = next;
  }
  return heads;
}

const SERVES: ReadonlySet<Step['kind']> = new Set([
  'compute',
  'fuse',
  'loop',
  'free',
  'call',
  'log',
  'move',
  'iterate',
]);
