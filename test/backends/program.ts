/** A graph as the code that the compiler emits for it: placed, fused and freed like a training step. */

import { Names } from '../../src/emit/text/names.ts';
import { Sources, Writer } from '../../src/emit/text/writer.ts';
import { Body } from '../../src/emit/tfjs/body.ts';
import { Constants } from '../../src/emit/tfjs/constants.ts';
import { Formulas } from '../../src/emit/tfjs/formulas.ts';
import { Routines } from '../../src/emit/tfjs/routines.ts';
import { Variables } from '../../src/emit/tfjs/variables.ts';
import type { LeafNode, Node } from '../../src/ir/graph.ts';
import type { OptimizerSpec } from '../../src/model/model.ts';
import { operations } from '../../src/ops/table.ts';
import { Block } from '../../src/plan/blocks.ts';
import { nameDraws } from '../../src/plan/draws.ts';
import { layOut } from '../../src/plan/lifetimes.ts';
import { place } from '../../src/plan/place.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import { Versions } from '../../src/plan/versions.ts';

const span = { file: '', start: 0, end: 0 };
const optimizer = { name: 'o', rule: 'sgd', hyper: {} } as unknown as OptimizerSpec;

/**
 * The text of a function body over `tf`, `nn` and `run`. It logs `values` by name, and hands `gradients` to an update of
 * the weights of their names: the run's `log` only reads, its `update` disposes of what it is given.
 */
export function programOf(
  values: ReadonlyMap<string, Node>,
  gradients: ReadonlyMap<string, Node> = new Map(),
): string {
  const root = new Block({ kind: 'step' }, null);
  const steps: Step[] = [...values].map(([name, value]) => ({ kind: 'log', name, value }));
  if (gradients.size > 0) {
    const [weights, nodes] = [[...gradients.keys()], [...gradients.values()]];
    steps.unshift({ kind: 'update', optimizer: 'o', weights, gradients: nodes, text: '', span });
  }
  root.statement(steps, [...gradients.values(), ...values.values()]);
  const placed = place({ root, versions: new Versions(), moves: [], iterations: new Map() });
  const laid = layOut(root, placed);
  const names = new Names();
  const constants = new Constants(names);
  const formulas = new Formulas(names, operations);
  const variables = new Variables(laid, null, new Map(), constants, '');
  const body = new Writer(new Sources([]));
  const weights = variables.weights(laid, null);
  if (weights) body.line(`const ${weights} = run;`);
  new Body({
    writer: body,
    names: new Names(names),
    variables,
    operations,
    formulas,
    routines: new Routines(
      { phases: [], outputs: [], probes: [] } as unknown as Plan,
      names,
      new Sources([]),
      {
        operations,
        formulas,
        constants,
        optimizers: new Map(),
      },
    ),
    optimizers: new Map([['o', optimizer]]),
    steps: laid,
    draws: nameDraws(laid),
  }).print();
  const whole = new Writer(new Sources([]));
  constants.print(whole);
  formulas.print(whole);
  whole.append(body);
  return whole.finish('program').code;
}

/** The name of an operand, a weight, a statistic or a draw, as a run gives it. */
export function nameOf({ leaf }: LeafNode): string {
  if (leaf.kind === 'draw') return leaf.place;
  if (leaf.kind === 'source' || leaf.kind === 'weight' || leaf.kind === 'stat') return leaf.name;
  throw new Error(`${leaf.kind} is given by no run`);
}
