/** What a model is made of and what a step of it costs: the data behind `ganc summary`, rendered elsewhere. */

import { inOrder } from '../craft/terms.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { Shape } from '../ir/types.ts';
import type { Loop, Model, Net, Term } from '../model/model.ts';
import type { Plan } from '../plan/plan.ts';
import { type StepCost, stepCost } from './cost.ts';

export interface Summary {
  readonly name: string;
  readonly path: string;
  readonly nets: readonly NetSummary[];
  /** Of all nets together. */
  readonly weights: number;
  readonly phases: readonly StepCost[];
}

export interface NetSummary {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly LayerRow[];
  /** Numbers that an update changes, and those that only move along (batch-norm averages, spectral vectors). */
  readonly weights: number;
  readonly state: number;
}

export interface LayerRow {
  /** `conv_1`; for what has no weights the operation's name; for a call of another net `E(…)`. */
  readonly layer: string;
  /** The operation: `conv`, `relu`, `net`. */
  readonly kind: string;
  readonly shape: Shape;
  /** Numbers, and the shape of each slot, in the layer's order. */
  readonly weights: number;
  readonly slots: readonly { readonly name: string; readonly shape: Shape }[];
}

export function summary(model: Model, plan: Plan): Summary {
  const nets = model.nets.map(netSummary);
  return {
    name: model.name,
    path: model.path,
    nets,
    weights: nets.reduce((sum, net) => sum + net.weights, 0),
    phases: plan.phases.map((phase) => stepCost(plan, phase)),
  };
}

function netSummary(net: Net): NetSummary {
  // All bodies of a net are the same layers; they differ in which parameters are per example.
  const [body] = net.bodies.values();
  const loops = new Set<Loop>();
  const isFirst = (term: Term) => term.kind !== 'loop' || loops.size < loops.add(term.loop).size;
  const rows = body
    ? inOrder(body.results)
        .filter(isFirst)
        .flatMap((term) => row(net, term))
    : [];
  return {
    name: net.name,
    inputs: net.params.map(({ name, type }) => ({ name, type: typeText(type) })),
    rows,
    weights: count(net.weights),
    state: count(net.stats),
  };
}

/** Arithmetic between the layers is no row of its own: readers look for the architecture. */
const ARITHMETIC = new Set('add sub mul div neg pow mod eq ne lt le gt ge and or not'.split(' '));

function row(net: Net, term: Term): LayerRow[] {
  if (term.kind === 'layer') {
    return [
      {
        layer: term.path.startsWith(`${net.name}/`) ? term.path.slice(net.name.length + 1) : term.path,
        kind: term.layer,
        shape: term.shape,
        weights: count(term.weights),
        slots: term.weights.map(({ slot, shape }) => ({ name: slot, shape })),
      },
    ];
  }
  if (term.kind === 'op' && !ARITHMETIC.has(term.op)) {
    return [{ layer: term.op, kind: term.op, shape: term.shape, weights: 0, slots: [] }];
  }
  if (term.kind === 'result') {
    return [{ layer: `${term.call.net}(…)`, kind: 'net', shape: term.shape, weights: 0, slots: [] }];
  }
  // What its turns do stands above it, once.
  if (term.kind === 'loop') {
    return [{ layer: `${term.loop.turns} turns`, kind: 'loop', shape: term.shape, weights: 0, slots: [] }];
  }
  return [];
}

function count(specs: readonly { readonly shape: Shape }[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function typeText({ meaning, shape }: { meaning: string; shape: Shape }): string {
  return `${meaning === 'tensor' ? '' : meaning}[${shape.join(', ')}]`;
}
