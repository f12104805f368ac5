/** FLOPs and memory of a training step, from the plan: what is computed, how often, and what lives at the same time. */

import { countAt } from '../ir/count.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import type { HostExpr } from '../ir/host.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { OptimizerSpec } from '../model/model.ts';
import { type OptimiserRecord, optimisers } from '../ops/optimisers.ts';
import type { Operation } from '../ops/record.ts';
import { type OperationName, operations } from '../ops/table.ts';
import { isNumber } from '../plan/numbers.ts';
import { type PhasePlan, type Plan, type Step, turnResults } from '../plan/plan.ts';
import { isOwned, reads, walk } from '../plan/uses.ts';
import { FALLBACKS } from './fallbacks.ts';
import { type Clock, hostValue } from './host-value.ts';

export interface StepCost {
  readonly phase: string;
  readonly batch: number;
  /** Of an average step: `every n` counts a n-th, `once` and metrics nothing. A multiply-add is two. */
  readonly flops: number;
  readonly memory: Memory;
  /** By operation, the most arithmetic first. */
  readonly operations: readonly OperationCost[];
}

export interface OperationCost {
  /** The operation's name, or the optimiser's; `formula` is a group of elementwise operations and sums that is one pass over memory. */
  readonly name: string;
  /** How often an average step computes it, and its share of the step's FLOPs. */
  readonly calls: number;
  readonly flops: number;
  /** Kernels of tfjs on one thread by which it runs on wasm; none where it has one of ours. */
  readonly fallbacks: readonly string[];
}

/** Bytes, all tensors in float32. */
export interface Memory {
  /** The most that values and samples of one step take at the same time. */
  readonly activations: number;
  readonly weights: number;
  /** Frozen, averaged and saved copies, statistics and states. */
  readonly copies: number;
  readonly optimizers: number;
  readonly total: number;
}

const FLOAT = 4;

export function stepCost(plan: Plan, phase: PhasePlan): StepCost {
  // A step from the end of the phase stands for all: what is done in the first few is no measure.
  const last = (phase.steps ?? 1_000_000) - 1;
  const clock: Clock = { step: last, epoch: phase.epochs === null ? 0 : phase.epochs - 1, progress: 1 };
  const weights = bytes(plan.weights);
  const copies =
    bytes(plan.stats) +
    stateBytes(plan, phase.batch) +
    phase.frozen.concat(phase.averaged, savedNets(phase.body)).reduce((sum, net) => {
      const own = [...plan.weights, ...plan.stats].filter((spec) => spec.net === net);
      return sum + bytes(own);
    }, 0);
  const optimizers = optimizerBytes(plan);
  const activations = peak(phase);
  const counted = new Map<string, { calls: number; flops: number; fallbacks: Set<string> }>();
  count(phase.body, { plan, batch: phase.batch, clock, to: counted }, 1);
  const operations = [...counted]
    .map(([name, { calls, flops, fallbacks }]) => ({ name, calls, flops, fallbacks: [...fallbacks] }))
    .sort((p, q) => q.flops - p.flops || q.calls - p.calls);
  return {
    phase: phase.name,
    batch: phase.batch,
    flops: operations.reduce((sum, { flops }) => sum + flops, 0),
    operations,
    memory: { activations, weights, copies, optimizers, total: activations + weights + copies + optimizers },
  };
}

function bytes(specs: readonly { readonly shape: readonly number[] }[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape) * FLOAT, 0);
}

function stateBytes({ states }: Plan, batch: number): number {
  return states.reduce((sum, { shape, count }) => {
    const examples = count === null ? 1 : countAt(count, batch);
    return sum + sizeOf(shape) * examples * FLOAT;
  }, 0);
}

function savedNets(steps: readonly Step[]): string[] {
  return [...new Set([...walk(steps)].flatMap((step) => (step.kind === 'save' ? step.nets : [])))];
}

interface Counting {
  readonly plan: Plan;
  readonly batch: number;
  readonly clock: Clock;
  readonly to: Map<string, { calls: number; flops: number; fallbacks: Set<string> }>;
}

/** Adds up what the steps compute; `share` of them is executed in an average step. */
function count(steps: readonly Step[], counting: Counting, share: number): void {
  const { plan, batch, clock, to } = counting;
  const called = (name: string) => {
    const known = to.get(name) ?? { calls: 0, flops: 0, fallbacks: new Set() };
    to.set(name, known);
    known.calls += share;
    return known;
  };
  const add = (name: string, nodes: readonly OpNode[]) => {
    const known = called(name);
    for (const node of nodes) {
      known.flops += share * nodeFlops(node, batch);
      for (const kernel of FALLBACKS[node.op as OperationName] ?? []) known.fallbacks.add(kernel);
    }
  };
  for (const step of steps) {
    if (step.kind === 'fuse') add('formula', step.nodes);
    else if (step.kind === 'compute' && step.node.kind === 'op' && !isNumber(step.node))
      add(step.node.op, [step.node]);
    else if (step.kind === 'loop') count(step.body, counting, share * step.node.region.turns);
    else if (step.kind === 'update') {
      const spec = plan.optimizers.find(({ name }) => name === step.optimizer);
      const moved = plan.weights.filter(({ name }) => step.weights.includes(name));
      if (spec) called(spec.rule).flops += share * flopsOf(spec, clock) * (bytes(moved) / FLOAT);
    } else if (step.kind === 'repeat') {
      const times = Math.max(0, Math.floor(hostValue(step.count, clock)));
      if (times > 0) count(step.body, counting, share * times);
    } else if (step.kind === 'when') {
      const { guard } = step;
      const part =
        guard.kind === 'every'
          ? 1 / guard.period
          : guard.kind === 'if'
            ? shareOf(guard.condition, clock)
            : guard.kind === 'positive'
              ? Number(hostValue(guard.count, clock) >= 1)
              : 0;
      if (part > 0) count(step.body, counting, share * part);
    }
  }
}

/** In how many of the last steps of a phase a condition holds. */
function shareOf(condition: HostExpr, last: Clock): number {
  const steps = Math.min(720, last.step + 1);
  let holds = 0;
  for (let i = 0; i < steps; i++) {
    const step = last.step - i;
    const progress = last.step === 0 ? 0 : step / (last.step + 1);
    if (hostValue(condition, { ...last, step, progress }) !== 0) holds++;
  }
  return holds / steps;
}

/** A record counts one example; a value made from per-example ones is made from all of them. */
function nodeFlops(node: OpNode, batch: number): number {
  const record: Operation | undefined = (operations as Readonly<Record<string, Operation>>)[node.op];
  if (record?.kind !== 'primitive' || isNumber(node)) return 0;
  const shaped = (n: Node) => ({ shape: n.shape, batch: n.count !== null });
  const examples = Math.max(1, ...[node, ...node.args].map((n) => countOf(n, batch) ?? 1));
  return examples * record.cost(node.args.map(shaped), node.attrs, node.shape).flops;
}

function countOf(node: Node, batch: number): number | null {
  return node.count === null ? null : countAt(node.count, batch);
}

/** Operations whose result shares its operand's memory. */
const ALIASES = new Set(['reshape', 'stop', 'to_entries', 'from_entries']);

/** The most bytes alive at once: samples, and what is computed until it is freed. Blocks follow one another. */
function peak(phase: PhasePlan): number {
  const samples = new Map<string, number>();
  const owner = new Map<Node, Node>();
  const users = new Map<Node, number>();
  let live = 0;
  let most = 0;

  const size = (node: Node) => sizeOf(node.shape) * (countOf(node, phase.batch) ?? 1) * FLOAT;
  const ownerOf = (node: Node) => owner.get(node) ?? node;
  const made = (node: Node) => {
    if (!isOwned(node)) return;
    const from = node.kind === 'op' && ALIASES.has(node.op) ? node.args[0] : undefined;
    const root = from && users.has(ownerOf(from)) ? ownerOf(from) : node;
    owner.set(node, root);
    const before = users.get(root) ?? 0;
    users.set(root, before + 1);
    if (before === 0) live += size(root);
    most = Math.max(most, live);
  };
  const freed = (node: Node) => {
    const root = ownerOf(node);
    const left = users.get(root);
    if (left === undefined) return;
    if (left > 1) users.set(root, left - 1);
    else {
      users.delete(root);
      live -= size(root);
    }
  };
  const visit = (steps: readonly Step[]) => {
    for (const step of steps) {
      for (const arg of reads(step)) {
        if (arg.kind === 'leaf' && arg.leaf.kind === 'source') samples.set(arg.leaf.name, size(arg));
      }
      if (step.kind === 'compute') made(step.node);
      else if (step.kind === 'fuse') step.results.forEach(made);
      else if (step.kind === 'free') step.nodes.forEach(freed);
      else if (step.kind === 'loop') {
        visit(step.body);
        turnResults(step).next.forEach(freed);
        step.results.forEach(made);
      } else if ('body' in step) visit(step.body);
    }
  };
  visit(phase.body);
  return most + [...samples.values()].reduce((sum, n) => sum + n, 0);
}

/** State belongs to (optimiser, weight) and lives on across phases. */
function optimizerBytes(plan: Plan): number {
  const shapes = new Map(plan.weights.map(({ name, shape }) => [name, shape]));
  const specs = new Map(plan.optimizers.map((spec) => [spec.name, spec]));
  const seen = new Set<string>();
  let sum = 0;
  for (const step of plan.phases.flatMap(({ body }) => [...walk(body)])) {
    if (step.kind !== 'update') continue;
    const spec = specs.get(step.optimizer);
    const slots = spec ? slotsOf(spec) : 0;
    for (const weight of step.weights) {
      const key = `${step.optimizer} ${weight}`;
      if (!spec || seen.has(key)) continue;
      seen.add(key);
      sum += slots * sizeOf(shapes.get(weight) ?? []) * FLOAT;
    }
  }
  return sum;
}

/** How many tensors of a weight's size it keeps. */
function slotsOf({ rule, hyper }: OptimizerSpec): number {
  const { slots }: OptimiserRecord = optimisers[rule];
  return slots.filter((slot) => {
    const setting = slot.with === undefined ? null : hyper[slot.with];
    return !(typeof setting === 'object' && setting?.kind === 'number' && setting.value === 0);
  }).length;
}

/** Operations of one step for each number of a weight, once all slots have been written. */
function flopsOf({ rule, hyper }: OptimizerSpec, clock: Clock): number {
  const record: OptimiserRecord = optimisers[rule];
  const number = (name: string) => {
    const value = hyper[name];
    return typeof value === 'object' && value !== null ? hostValue(value, clock) : 0;
  };
  const settings = { number, flag: (name: string) => hyper[name] === true };
  const { text } = record.step(settings, { steps: 1, started: () => true });
  return text.match(/[-+*/]|[a-z]\w*\(/g)?.length ?? 0;
}
