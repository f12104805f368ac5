/** Every stage of the pipeline as text, for people and snapshots. */
import type { Model } from '../check/model.ts';
import type { Node } from '../ir/graph.ts';
import { printGraph, printHost, printNode, printType } from '../ir/print.ts';
import type { Guard, Plan, Step } from '../passes/plan.ts';
import type { File } from '../syntax/ast.ts';
import { isOwned, walk } from './tfjs/uses.ts';

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
    case 'grad':
      return graphs(value as Plan, stage);
    case 'plan':
      return planText(value as Plan);
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

/** `ir`: losses, metrics and outputs. `grad`: the gradients of each update, with what they are made from. */
function graphs(plan: Plan, stage: 'ir' | 'grad'): string {
  const parts: string[] = [];
  for (const phase of plan.phases) {
    const roots = new Map<string, Node>();
    for (const step of walk(phase.body)) {
      if (stage === 'ir' && step.kind === 'log' && !roots.has(step.name)) roots.set(step.name, step.value);
      if (stage === 'grad' && step.kind === 'update') {
        parts.push(`${phase.name}: ${step.text}\n${graph(step.gradients, step.weights)}`);
      }
    }
    if (stage === 'ir' && roots.size > 0)
      parts.push(`${phase.name}\n${graph([...roots.values()], [...roots.keys()])}`);
  }
  if (stage === 'ir') {
    for (const output of plan.outputs)
      parts.push(`output ${output.name}\n${graph([output.result], [output.name])}`);
  }
  return parts.join('\n');
}

function graph(results: readonly Node[], names: readonly string[]): string {
  return printGraph(results, names).replace(/^(?=.)/gm, '  ');
}

function planText(plan: Plan): string {
  const parts = plan.phases.map((phase) => {
    const length = phase.steps === null ? `epochs = ${phase.epochs}` : `steps = ${phase.steps}`;
    return `train ${phase.name} (batch = ${phase.batch}, ${length})\n${new StepPrinter().print(phase.body)}`;
  });
  for (const output of plan.outputs) {
    const printer = new StepPrinter();
    const body = printer.print(output.body);
    parts.push(
      `output ${output.name}(${output.sources.join(', ')})\n${body}  return ${printer.name(output.result)}\n`,
    );
  }
  return parts.join('\n');
}

class StepPrinter {
  readonly #names = new Map<Node, string>();

  name(node: Node): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    if (isOwned(node)) {
      const name = `%${this.#names.size}`;
      this.#names.set(node, name);
      return name;
    }
    if (node.kind === 'leaf' && node.leaf.kind === 'constant') return String(node.leaf.value.data[0]);
    return printNode(node, () => '');
  }

  print(steps: readonly Step[], indent = '  '): string {
    return steps.map((step) => this.#step(step, indent)).join('');
  }

  #step(step: Step, indent: string): string {
    const line = (text: string) => `${indent}${text}\n`;
    switch (step.kind) {
      case 'sample':
        return line(`sample ${step.count === 'batch' ? '' : `${step.count} of `}${step.sources.join(', ')}`);
      case 'compute': {
        const value = printNode(step.node, (node) => this.name(node));
        const origin = step.node.origin === '' ? '' : `  // ${step.node.origin}`;
        return line(`${this.name(step.node)} = ${value} : ${printType(step.node)}${origin}`);
      }
      case 'free':
        return line(`free ${step.nodes.map((node) => this.name(node)).join(' ')}`);
      case 'update': {
        const rows = step.weights.map((weight, i) => line(`  ${weight} by ${this.name(step.gradients[i]!)}`));
        return line(`update with ${step.optimizer}  // ${step.text}`) + rows.join('');
      }
      case 'clip':
        return line(`clip ${step.net} to [${printHost(step.low)}, ${printHost(step.high)}]`);
      case 'average':
        return line(`average ${step.net} decay ${printHost(step.decay)}`);
      case 'move':
        return line(`move ${step.stat} to ${this.name(step.value)} keeping ${step.keep}`);
      case 'iterate':
        return line(`iterate ${step.kernel} with ${step.u}, ${step.v}`);
      case 'log':
        return line(`log ${step.name} = ${this.name(step.value)}`);
      case 'repeat':
        return `${line(`repeat ${printHost(step.count)} {`)}${this.print(step.body, `${indent}  `)}${line('}')}`;
      case 'when':
        return `${line(`when ${guardText(step.guard)} {`)}${this.print(step.body, `${indent}  `)}${line('}')}`;
    }
  }
}

function guardText(guard: Guard): string {
  switch (guard.kind) {
    case 'every':
      return `every ${guard.period}`;
    case 'positive':
      return `${printHost(guard.count)} >= 1`;
    default:
      return guard.kind;
  }
}
