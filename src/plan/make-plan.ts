/** From the checked program to the plan of its training steps and outputs. */

import { Budget } from '../ir/budget.ts';
import type { Model } from '../model/model.ts';
import { outputPlan, probesOf } from './outputs.ts';
import { PhaseWalk, type PlanOptions } from './phase.ts';
import type { Plan } from './plan.ts';
import { Changes } from './versions.ts';

/** Throws a `TooLarge` where the program is larger than any machine would like (`ganc check` has found it then). */
export function makePlan(model: Model, options: PlanOptions = {}): Plan {
  const budget = new Budget();
  const frozen = new Set<string>();
  const outputs = model.values
    .filter((value) => value.kind === 'output')
    .map((value) => outputPlan(model, value, frozen, budget));
  // A net that makes nothing of its point is no surface.
  const probes = probesOf(model)
    .map((value) => outputPlan(model, value, frozen, budget))
    .filter(({ sources }) => sources.length > 0);
  // What an average knows lives on across phases.
  const averaging = new Set<string>();
  const changes = new Changes(model);
  const phases = model.phases.map((phase) =>
    new PhaseWalk(model, phase, { ...options, budget }, averaging, changes).plan(frozen),
  );
  return {
    name: model.name,
    path: model.path,
    doc: model.doc,
    params: model.params.map(({ name, value }) => ({ name, value })),
    data: model.data,
    noise: model.noise,
    states: model.states,
    nets: model.nets,
    weights: model.nets.flatMap((net) => net.weights),
    stats: model.nets.flatMap((net) => net.stats),
    optimizers: model.optimizers,
    phases,
    outputs,
    probes,
  };
}
