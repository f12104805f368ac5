/** Every stage of the pipeline as text, for people and snapshots. */
import type { Model } from '../check/model.ts';
import type { Node } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import type { Plan } from '../passes/plan.ts';
import { printGradients, printPlan } from '../passes/print.ts';
import type { File } from '../syntax/ast.ts';
import { walk } from './tfjs/uses.ts';

export const stages = ['ast', 'model', 'ir', 'grad', 'plan', 'js'] as const;
export type Stage = (typeof stages)[number];

export function printStage(stage: 'ast', value: File): string;
export function printStage(stage: 'model', value: Model): string;
export function printStage(stage: Exclude<Stage, 'ast' | 'model' | 'js'>, value: Plan): string;
export function printStage(stage: Exclude<Stage, 'js'>, value: File | Model | Plan): string {
  switch (stage) {
    case 'ast':
      return `${JSON.stringify(value, withoutSpans, 2)}\n`;
    case 'model':
      return `${JSON.stringify(numbered(value), null, 2)}\n`;
    case 'ir':
      return graphs(value as Plan);
    case 'grad':
      return printGradients(value as Plan);
    case 'plan':
      return printPlan(value as Plan);
  }
}

/** Places are many and say little in print; the tree is what one wants to see. */
function withoutSpans(key: string, value: unknown): unknown {
  return /[sS]pan$|^keyword$/.test(key) ? undefined : value;
}

/**
 * A model's terms are a DAG by identity: each is printed once, where it is first met, with a number, and referred to by
 * that number afterwards.
 */
function numbered(value: unknown): unknown {
  const numbers = new Map<object, number>();
  let depth = 0;
  const visit = (at: unknown, key: string): unknown => {
    if (typeof at !== 'object' || at === null) return at;
    if (at instanceof Float64Array)
      return at.length > 16 ? [...at.slice(0, 16), `… ${at.length} numbers`] : [...at];
    if (at instanceof Map) return Object.fromEntries([...at].map(([k, v]) => [k, visit(v, String(k))]));
    if (Array.isArray(at)) return at.map((item) => visit(item, key));
    const isTerm = 'kind' in at && 'batch' in at;
    const isShared = isTerm || key === 'call';
    if (isShared && numbers.has(at)) return `#${numbers.get(at)}`;
    const head: Record<string, unknown> = {};
    if (isShared) {
      numbers.set(at, numbers.size + 1);
      head['#'] = numbers.size;
    }
    depth++;
    // A chain of ten thousand layers is no tree that a reader wants, nor one that a stack holds.
    const entries =
      depth > 400
        ? [['…', 'deeper']]
        : Object.entries(at)
            .filter(([k]) => !/[sS]pan$/.test(k))
            .map(([k, v]) => [k, visit(v, k)]);
    depth--;
    return { ...head, ...Object.fromEntries(entries) };
  };
  return visit(value, '');
}

/** Losses, metrics and outputs, before anything is differentiated. */
function graphs(plan: Plan): string {
  const parts: string[] = [];
  for (const phase of plan.phases) {
    const roots = new Map<string, Node>();
    for (const step of walk(phase.body)) {
      if (step.kind === 'log' && !roots.has(step.name)) roots.set(step.name, step.value);
    }
    if (roots.size > 0) parts.push(`${phase.name}\n${graph([...roots.values()], [...roots.keys()])}`);
  }
  for (const output of plan.outputs)
    parts.push(`output ${output.name}\n${graph([output.result], [output.name])}`);
  return parts.join('\n');
}

function graph(results: readonly Node[], names: readonly string[]): string {
  return printGraph(results, names).replace(/^(?=.)/gm, '  ');
}
