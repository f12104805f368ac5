/** Plans and gradients as text (`--emit plan`, `--emit grad`), stable enough to be compared. */
import { countText } from '../ir/count.ts';
import type { LeafNode, Node } from '../ir/graph.ts';
import { partOf, stackedAs } from '../ir/loops.ts';
import { inOrder, printHost, printNode, printType } from '../ir/print.ts';
import type { Distribution } from '../ir/types.ts';
import type { Bounds } from '../model/model.ts';
import { isMade } from './place.ts';
import type { Guard, OutputPlan, PhasePlan, Plan, Step } from './plan.ts';
import { walk } from './uses.ts';

/** The whole plan: every step of every phase, then the outputs. */
export function printPlan(plan: Plan): string {
  const parts = [
    ...plan.phases.map(printPhase),
    ...plan.outputs.map((output) => printOutput(output, 'output')),
    ...plan.probes.map((probe) => printOutput(probe, 'probe')),
  ];
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
      for (const node of inOrder(step.gradients)) {
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

function printOutput(output: OutputPlan, kind: 'output' | 'probe'): string {
  const { meaning, shape } = output.type;
  const names = new Names(output.body);
  const lines = [
    `${kind} ${output.name}: ${meaning === 'tensor' ? '' : meaning}[${shape.join(', ')}] of ${output.sources.join(', ') || 'nothing'}`,
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
    case 'fuse':
      return [
        `${indent}fuse${step.reduced ? ` over [${step.reduced.axes.join(', ')}]` : ''} {`,
        ...step.nodes.map((node) => `${indent}  ${definition(node, names)}`),
        `${indent}} keeping ${step.results.map((node) => names.of(node)).join(' ')}`,
      ];
    case 'loop': {
      const { region, args } = step.node;
      const { carried, scanned, next } = region;
      const given = [
        ...carried.map((leaf, k) => `${names.of(leaf)} from ${names.of(args[k]!)} to ${names.of(next[k]!)}`),
        ...scanned.map((leaf, k) => `${names.of(leaf)} of ${names.of(args[carried.length + k]!)}`),
      ];
      const results = step.results.map((part) => {
        const stacked = stackedAs(region, partOf(part).index);
        const what = stacked ? `all ${names.of(stacked)}` : `last ${names.of(next[partOf(part).index]!)}`;
        return `${indent}  ${names.of(part)} = ${what} : ${printType(part)}`;
      });
      return [
        `${indent}loop ${region.turns}${region.reverse ? ' backwards' : ''}, ${given.join(', ')} {`,
        ...printSteps(step.body, names, depth + 1),
        `${indent}} keeping`,
        ...results,
      ];
    }
    case 'free':
      return [`${indent}free ${step.nodes.map((node) => names.of(node)).join(' ')}`];
    case 'update':
      return [
        `${indent}${step.text} [${step.optimizer}]`,
        ...step.weights.map((weight, i) => `${indent}  ${weight} by ${names.of(step.gradients[i]!)}`),
      ];
    case 'clip':
      return [`${indent}clip ${step.net} to ${bounds(step.to)}`];
    case 'set':
      return [`${indent}set ${step.state} to ${names.of(step.value)}`];
    case 'save':
    case 'restore':
      return [`${indent}${step.kind} ${step.nets.join(', ')}`];
    case 'average':
      return [`${indent}average ${step.net} decay ${printHost(step.decay)}`];
    case 'move':
      return [
        `${indent}move ${step.stats.map((stat, i) => `${stat} to ${names.of(step.values[i]!)}`).join(', ')} keeping ${step.keep}`,
      ];
    case 'iterate':
      return [`${indent}iterate ${step.kernel}`];
    case 'log':
      return [`${indent}log ${step.name} = ${names.of(step.value)}`];
    case 'call': {
      const { routine, args, results } = step;
      const way = routine.derived > 0 ? ' backwards' : '';
      const given = args.map((arg) => (arg === 0 ? '0' : names.of(arg))).join(' ');
      const kept = results.map((node) => (node ? names.of(node) : '_')).join(' ');
      return [`${indent}call ${routine.net}${way} with ${given} giving ${kept}`];
    }
    case 'repeat':
      return [
        `${indent}repeat ${printHost(step.count)} {`,
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
  const place = node.origin === '' ? '' : `  // ${node.origin}`;
  return `${names.of(node)} = ${right(node, names)} : ${printType(node)}${place}`;
}

function right(node: Node, names: Names): string {
  if (node.kind === 'leaf' && node.leaf.kind === 'draw') {
    return `draw ${distribution(node.leaf.dist)} at ${node.leaf.place}`;
  }
  return printNode(node, (argument) => names.of(argument));
}

function distribution(dist: Distribution): string {
  switch (dist.kind) {
    case 'normal':
      return `normal(${dist.mean}, ${dist.std})`;
    case 'uniform':
      return `uniform(${dist.low}, ${dist.high})`;
    case 'truncated_normal':
      return `truncated_normal(${dist.mean}, ${dist.std}, ${dist.bound})`;
    case 'gumbel':
      return `gumbel(${dist.location}, ${dist.scale})`;
    case 'bernoulli':
      return `bernoulli(${dist.p})`;
    case 'categorical':
      return dist.logits ? `categorical([${dist.logits.join(', ')}])` : 'categorical';
  }
}

function bounds(to: Bounds): string {
  return to.kind === 'norm' ? `norm ${printHost(to.most)}` : `[${printHost(to.low)}, ${printHost(to.high)}]`;
}

function guard(g: Guard): string {
  switch (g.kind) {
    case 'every':
      return `every ${g.period}`;
    case 'if':
      return printHost(g.condition);
    case 'positive':
      return `${printHost(g.count)} >= 1`;
    default:
      return g.kind;
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
      } else if (step.kind === 'fuse') {
        for (const node of step.nodes) {
          for (const arg of node.args) if (!isMade(arg)) note(arg);
          note(node);
        }
      } else if (step.kind === 'loop') [...step.node.args, ...step.results].forEach(note);
      else if (step.kind === 'update') step.gradients.forEach(note);
      else if (step.kind === 'move') step.values.forEach(note);
      else if (step.kind === 'log' || step.kind === 'set') note(step.value);
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
        return `(${printHost(leaf.expr)})`;
      case 'count':
        return countText(leaf.count, 'batch');
      case 'draw':
        return leaf.place;
      case 'turn':
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
  if (leaf.kind === 'source' || leaf.kind === 'state' || leaf.copy === 'live' || leaf.copy === 'output')
    return leaf.name;
  return `${leaf.name}.${leaf.copy}`;
}
