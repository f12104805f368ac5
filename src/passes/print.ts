/** Plans and gradients as text (`--emit plan`, `--emit grad`), stable enough to be compared. */
import type { LeafNode, Node } from '../ir/graph.ts';
import type { HostExpr } from '../ir/host.ts';
import type { Attr, Attrs, Count, Distribution } from '../ir/types.ts';
import { isMade } from './place.ts';
import type { Guard, OutputPlan, PhasePlan, Plan, Step } from './plan.ts';

/** The whole plan: every step of every phase, then the outputs. */
export function printPlan(plan: Plan): string {
  const parts = [...plan.phases.map(printPhase), ...plan.outputs.map(printOutput)];
  return `${parts.join('\n')}`;
}

/** For each update: the values that its gradients are made of, and which gradient is whose. */
export function printGradients(plan: Plan): string {
  const parts: string[] = [];
  for (const phase of plan.phases) {
    const names = new Names(phase.body);
    const seen = new Set<Node>();
    for (const step of walk(phase.body)) {
      if (step.kind !== 'update') continue;
      const lines = [`${phase.name}: ${step.text}`];
      for (const node of ancestors(step.gradients)) {
        if (!isMade(node) || seen.has(node)) continue;
        seen.add(node);
        lines.push(`  ${definition(node, names)}`);
      }
      step.weights.forEach((weight, i) => {
        lines.push(`  ∂/∂ ${weight} = ${names.of(step.gradients[i]!)}`);
      });
      parts.push(`${lines.join('\n')}\n`);
    }
  }
  return parts.join('\n');
}

function printPhase(phase: PhasePlan): string {
  const length =
    phase.steps === null ? `${phase.epochs} epochs of ${phase.epochSource}` : `${phase.steps} steps`;
  const about = [
    phase.averaged.length > 0 ? `averages ${phase.averaged.join(', ')}` : '',
    phase.frozen.length > 0 ? `freezes ${phase.frozen.join(', ')}` : '',
  ].filter((text) => text !== '');
  const head = [`phase ${phase.name}: batch ${phase.batch}, ${length}`, ...about].join('; ');
  return `${[head, ...printSteps(phase.body, new Names(phase.body), 1)].join('\n')}\n`;
}

function printOutput(output: OutputPlan): string {
  const { meaning, shape } = output.type;
  const names = new Names(output.body);
  const lines = [
    `output ${output.name}: ${meaning === 'tensor' ? '' : meaning}[${shape.join(', ')}] of ${output.sources.join(', ') || 'nothing'}`,
    ...printSteps(output.body, names, 1),
    `  return ${names.of(output.result)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function printSteps(steps: readonly Step[], names: Names, depth: number): string[] {
  return steps.flatMap((step) => printStep(step, names, depth));
}

function printStep(step: Step, names: Names, depth: number): string[] {
  const indent = '  '.repeat(depth);
  switch (step.kind) {
    case 'sample': {
      const count = step.count === 'batch' ? '' : `${step.count} of `;
      return [`${indent}sample ${count}${step.sources.join(', ')}`];
    }
    case 'compute':
      return [`${indent}${definition(step.node, names)}`];
    case 'free':
      return [`${indent}free ${step.nodes.map((node) => names.of(node)).join(' ')}`];
    case 'update':
      return [
        `${indent}${step.text} [${step.optimizer}]`,
        ...step.weights.map((weight, i) => `${indent}  ${weight} by ${names.of(step.gradients[i]!)}`),
      ];
    case 'clip':
      return [`${indent}clip ${step.net} to [${host(step.low)}, ${host(step.high)}]`];
    case 'average':
      return [`${indent}average ${step.net} decay ${host(step.decay)}`];
    case 'move':
      return [`${indent}move ${step.stat} to ${names.of(step.value)} keeping ${step.keep}`];
    case 'iterate':
      return [`${indent}iterate ${step.kernel}`];
    case 'log':
      return [`${indent}log ${step.name} = ${names.of(step.value)}`];
    case 'repeat':
      return [
        `${indent}repeat ${host(step.count)} {`,
        ...printSteps(step.body, names, depth + 1),
        `${indent}}`,
      ];
    case 'when':
      return [
        `${indent}when ${guard(step.guard)} {`,
        ...printSteps(step.body, names, depth + 1),
        `${indent}}`,
      ];
  }
}

function definition(node: Node, names: Names): string {
  const place = node.origin === '' ? '' : `   // ${node.origin}`;
  return `${names.of(node)} = ${right(node, names)}: ${type(node.count, node.shape)}${place}`;
}

function right(node: Node, names: Names): string {
  if (node.kind === 'op') {
    const args = node.args.map((arg) => names.of(arg));
    return `${node.op}(${[...args, ...named(node.attrs)].join(', ')})`;
  }
  if (node.leaf.kind === 'draw') return `draw ${distribution(node.leaf.dist)} at ${node.leaf.place}`;
  if (node.leaf.kind === 'constant') return `constant ${numbers(node.leaf.value.data)}`;
  return names.of(node);
}

function type(count: Count | null, shape: readonly number[]): string {
  return `${count === null ? '' : `${count}×`}[${shape.join(', ')}]`;
}

function named(attrs: Attrs): string[] {
  return Object.entries(attrs)
    .filter(([, value]) => value !== null && value !== false)
    .map(([key, value]) => `${key}=${attr(value)}`);
}

function attr(value: Attr): string {
  if (Array.isArray(value)) return `[${value.map(attr).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{${named(value as Attrs).join(', ')}}`;
  return String(value);
}

function numbers(data: Float64Array): string {
  const shown = [...data.subarray(0, 8)].join(', ');
  return `{${shown}${data.length > 8 ? `, … (${data.length})` : ''}}`;
}

function distribution(dist: Distribution): string {
  switch (dist.kind) {
    case 'normal':
      return `normal(${dist.mean}, ${dist.std})`;
    case 'uniform':
      return `uniform(${dist.low}, ${dist.high})`;
    case 'bernoulli':
      return `bernoulli(${dist.p})`;
    case 'categorical':
      return 'categorical';
  }
}

function guard(g: Guard): string {
  switch (g.kind) {
    case 'every':
      return `every ${g.period}`;
    case 'positive':
      return `${host(g.count)} >= 1`;
    default:
      return g.kind;
  }
}

const infix: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  pow: '^',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: '&&',
  or: '||',
};

/** A host scalar in the language's own words; operands that are no atoms stand in parentheses. */
function host(expr: HostExpr): string {
  const operand = (e: HostExpr): string =>
    e.kind === 'binary' || e.kind === 'if' ? `(${host(e)})` : host(e);
  switch (expr.kind) {
    case 'number':
      return String(expr.value);
    case 'unary':
      if (expr.op === 'neg') return `-${operand(expr.operand)}`;
      if (expr.op === 'not') return `!${operand(expr.operand)}`;
      return `${expr.op}(${host(expr.operand)})`;
    case 'binary': {
      const sign = infix[expr.op];
      if (sign === undefined) return `${expr.op}(${host(expr.left)}, ${host(expr.right)})`;
      return `${operand(expr.left)} ${sign} ${operand(expr.right)}`;
    }
    case 'if':
      return `if ${host(expr.condition)} then ${host(expr.then)} else ${operand(expr.else)}`;
    default:
      return expr.kind;
  }
}

/** Values are numbered in the order in which they are computed; versions of one name in the order of their making. */
class Names {
  readonly #numbers = new Map<Node, number>();
  readonly #versions = new Map<string, number[]>();

  constructor(steps: readonly Step[]) {
    const leaves = new Set<LeafNode>();
    const note = (node: Node): void => {
      if (isMade(node)) {
        if (!this.#numbers.has(node)) this.#numbers.set(node, this.#numbers.size + 1);
      } else if (node.kind === 'leaf') leaves.add(node);
    };
    for (const step of walk(steps)) {
      if (step.kind === 'compute') {
        if (step.node.kind === 'op') for (const arg of step.node.args) if (!isMade(arg)) note(arg);
        note(step.node);
      } else if (step.kind === 'update') step.gradients.forEach(note);
      else if (step.kind === 'move' || step.kind === 'log') note(step.value);
    }
    for (const { leaf } of leaves) {
      if (!('version' in leaf) || leaf.kind === 'draw') continue;
      const key = versioned(leaf);
      const versions = this.#versions.get(key) ?? [];
      if (!versions.includes(leaf.version)) versions.push(leaf.version);
      this.#versions.set(key, versions);
    }
    for (const versions of this.#versions.values()) versions.sort((p, q) => p - q);
  }

  of(node: Node): string {
    if (isMade(node)) return `%${this.#numbers.get(node) ?? `n${node.id}`}`;
    const { leaf } = node as LeafNode;
    switch (leaf.kind) {
      case 'constant':
        return String(leaf.value.data[0]);
      case 'host':
        return `(${host(leaf.expr)})`;
      case 'count':
        return leaf.count === 'batch' ? 'batch' : String(leaf.count);
      case 'draw':
        return leaf.place;
      default: {
        const versions = this.#versions.get(versioned(leaf)) ?? [];
        const which = versions.length > 1 ? `@${versions.indexOf(leaf.version) + 1}` : '';
        return `${versioned(leaf)}${which}`;
      }
    }
  }
}

function versioned(leaf: Extract<LeafNode['leaf'], { name: string }>): string {
  if (leaf.kind === 'source' || leaf.copy === 'live' || leaf.copy === 'output') return leaf.name;
  return `${leaf.name}.${leaf.copy}`;
}

function* walk(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    if (step.kind === 'repeat' || step.kind === 'when') yield* walk(step.body);
  }
}

/** The nodes and all that they are made from, oldest first. */
function ancestors(roots: readonly Node[]): Node[] {
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') open.push(...node.args);
  }
  return [...seen].sort((p, q) => p.id - q.id);
}
