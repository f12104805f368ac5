/** Plans of outputs, and of the nets that are drawn as surfaces under them: functions of their own noise and data. */

import type { Budget } from '../ir/budget.ts';
import type { Node } from '../ir/graph.ts';
import { createBuilder } from '../ir/graph-builder.ts';
import { sameShape } from '../ir/ndarray.ts';
import type { DeclaredType } from '../ir/types.ts';
import { crossesBatch, Holds } from '../model/holds.ts';
import type { Model, NamedValue, NetCall, Term } from '../model/model.ts';
import { operations } from '../ops/table.ts';
import { Block } from './blocks.ts';
import { Evaluation } from './build.ts';
import { nameDraws } from './draws.ts';
import { frozenNets } from './frozen.ts';
import { layOut } from './lifetimes.ts';
import { place } from './place.ts';
import type { OutputPlan } from './plan.ts';
import type { Setting } from './setting.ts';
import { leavesOf } from './uses.ts';
import { Versions } from './versions.ts';

/** Each net that takes one point like those of the data and gives a number, on such points. */
export function probesOf(model: Model): NamedValue[] {
  const isPoint = ({ meaning, shape }: DeclaredType) => meaning === 'tensor' && sameShape(shape, [2]);
  const field = model.data.flatMap((d) => d.fields).find(({ type }) => isPoint(type));
  if (field === undefined) return [];
  const nets = new Map(model.nets.map((net) => [net.name, net]));
  const crossing = new Holds((call) => nets.get(call.net)!.bodies.get(call.body)!, crossesBatch);
  return model.nets.flatMap((net) => {
    const { name, params, results, span } = net;
    const [only] = results;
    const applies = params.length === 1 && isPoint(params[0]!.type) && results.length === 1;
    const number = only?.type.meaning === 'tensor' && only.type.shape.every((n) => n === 1);
    const body = net.bodies.get('e');
    if (!applies || !number || !body || crossing.in(body.results)) return [];
    const common = { batch: true, span, name: null };
    const x: Term = { ...common, kind: 'source', source: field.name, shape: [2] };
    const call: NetCall = { net: name, variant: 'self', args: [x], body: 'e', span };
    const term: Term = { ...common, kind: 'result', call, index: 0, shape: only.type.shape };
    const doc = `The values of \`${name}\` at points \`${field.name}\`: a surface to be drawn under them.`;
    return [{ kind: 'output', name, term, meaning: 'tensor', doc, span }];
  });
}

/** An output is a function of its own noise and data, on whichever weights there are. */
export function outputPlan(model: Model, value: NamedValue, frozen: Set<string>, budget: Budget): OutputPlan {
  const b = createBuilder(operations, { budget });
  budget.begin(value.span);
  const setting: Setting = {
    training: false,
    copy: 'output',
    source: () => ({ version: 0, count: 'batch' }),
    // An output is given the examples that a state holds, from the first again where there are fewer than its own.
    state: ({ count }) => ({ version: 0, count: count === null ? null : 'batch' }),
    batch: 'batch',
    weight: () => 0,
    stat: () => 0,
    draw: 0,
    keepsAverage: () => true,
    iterate: () => null,
  };
  const called = new Map<Node, string>();
  const result = new Evaluation(model, b, setting, called).value(value.term);
  const root = new Block({ kind: 'step' }, null);
  const placed = place({
    root,
    versions: new Versions(),
    moves: [],
    iterations: new Map(),
    result,
  });
  const leaves = leavesOf([result]);
  for (const net of frozenNets(model, leaves)) frozen.add(net);
  const read = new Set(leaves.map(({ leaf }) => (leaf.kind === 'source' ? leaf.name : '')));
  const readStates = new Set(leaves.flatMap(({ leaf }) => (leaf.kind === 'state' ? [leaf.name] : [])));
  const names = [
    ...model.data.flatMap((d) => d.fields.map((f) => f.name)),
    ...model.noise.map((n) => n.name),
  ];
  const body = layOut(root, placed, result);
  return {
    name: value.name,
    type: { meaning: value.meaning, shape: result.shape },
    doc: value.doc,
    sources: names.filter((name) => read.has(name)),
    states: model.states.map((s) => s.name).filter((name) => readStates.has(name)),
    body,
    result,
    names: called,
    draws: nameDraws(body),
    span: value.span,
  };
}
