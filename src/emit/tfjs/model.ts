/** The plan's declarations as the literal that an emitted module exports: a `CompiledModel` of runtimes/core/run/model.ts. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { StateSpec } from '../../model/model.ts';
import type { Plan } from '../../plan/plan.ts';
import { oneLine, Raw, type Value } from '../text/literal.ts';

export interface FunctionNames {
  readonly phases: readonly string[];
  readonly outputs: readonly string[];
  readonly probes: readonly string[];
}

function probesOf(plan: Plan, names: FunctionNames): Value {
  return plan.probes.map(({ name, sources }, i) => ({
    name,
    source: sources[0]!,
    evaluate: new Raw(names.probes[i]!),
  }));
}

function stateLiteral({ name, shape, count, start }: StateSpec): Value {
  return {
    name,
    shape,
    count,
    start:
      start.kind === 'value'
        ? { kind: 'value', values: [...start.value.data] }
        : { kind: 'draw', dist: { ...start.dist } as Value },
  };
}

/** `lineOf`: where a statement stands, counted from 1. */
export function modelLiteral(plan: Plan, names: FunctionNames, lineOf: (span: Span) => number): Value {
  return {
    format: 1,
    name: plan.name,
    doc: plan.doc,
    source: plan.path,
    params: Object.fromEntries(plan.params.map(({ name, value }) => [name, value as Value])),
    data: plan.data.map(({ fields, from, reading }) => ({
      fields: fields.map(({ name, type }) => ({ name, type: { ...type } as Value })),
      from,
      ...(reading === null ? {} : { reading: { ...reading } as Value }),
    })),
    noise: plan.noise.map(({ name, dist, shape }) => ({ name, dist: { ...dist } as Value, shape })),
    ...(plan.states.length === 0 ? {} : { states: plan.states.map(stateLiteral) }),
    nets: plan.nets.map(({ name, from }) => ({ name, from })),
    // A weight a line, as in a table.
    weights: plan.weights.map(
      ({ name, net, shape, init, fanIn, fanOut }) =>
        new Raw(oneLine({ name, net, shape, init: { ...init } as Value, fanIn, fanOut })),
    ),
    stats: plan.stats.map(({ name, net, shape, init }) => new Raw(oneLine({ name, net, shape, init }))),
    optimizers: plan.optimizers.map(
      ({ name, rule, update }) => new Raw(oneLine({ name, rule, update: update && { ...update } })),
    ),
    phases: plan.phases.map((phase, i) => ({
      name: phase.name,
      batch: phase.batch,
      ...(phase.leastBatch > 1 ? { leastBatch: phase.leastBatch } : {}),
      ...(phase.fixedBatch ? { fixedBatch: true } : {}),
      steps: phase.steps,
      epochs: phase.epochs,
      epochSource: phase.epochSource,
      averaged: phase.averaged,
      frozen: phase.frozen,
      losses: phase.losses,
      metrics: phase.metrics,
      ...(phase.objectives.length === 0
        ? {}
        : {
            objectives: phase.objectives.map((o) => ({ name: o.name, update: o.text, line: lineOf(o.span) })),
          }),
      step: new Raw(names.phases[i]!),
    })),
    outputs: plan.outputs.map((output, i) => {
      const { name, type, doc, sources, states } = output;
      const evaluate = new Raw(names.outputs[i]!);
      const read: Record<string, Value> = states.length === 0 ? {} : { states };
      return new Raw(oneLine({ name, type: { ...type } as Value, doc, sources, ...read, evaluate }));
    }),
    ...(plan.probes.length === 0 ? {} : { probes: probesOf(plan, names) }),
  };
}
