/** Every stage of the pipeline as text, for people and snapshots. */

import type { Node } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import type { Model } from '../model/model.ts';
import { printModel } from '../model/print.ts';
import type { Plan } from '../plan/plan.ts';
import { printGradients, printPlan } from '../plan/print.ts';
import { walk } from '../plan/uses.ts';
import type { File } from '../syntax/ast.ts';
import { printAst } from '../syntax/print.ts';

export const stages = ['ast', 'model', 'ir', 'grad', 'plan', 'js'] as const;
export type Stage = (typeof stages)[number];

export function printStage(stage: 'ast', value: File): string;
export function printStage(stage: 'model', value: Model): string;
export function printStage(stage: Exclude<Stage, 'ast' | 'model' | 'js'>, value: Plan): string;
export function printStage(stage: Exclude<Stage, 'js'>, value: File | Model | Plan): string {
  switch (stage) {
    case 'ast':
      return printAst(value as File);
    case 'model':
      return printModel(value as Model);
    case 'ir':
      return graphs(value as Plan);
    case 'grad':
      return printGradients(value as Plan);
    case 'plan':
      return printPlan(value as Plan);
  }
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
