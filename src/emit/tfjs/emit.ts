/**
 * A plan as an ES module of tfjs code that a person can read: the model's declarations, one function a phase, one an
 * output. It depends on tfjs and the runtime, on nothing of the compiler.
 */
import type { Source } from '../../diagnostics/diagnostic.ts';
import type { Operation } from '../../ops/record.ts';
import { outline } from '../../plan/outline.ts';
import type { OutputPlan, PhasePlan, Plan } from '../../plan/plan.ts';
import { walk } from '../../plan/uses.ts';
import { literal, string } from '../text/literal.ts';
import { Names } from '../text/names.ts';
import { Sources, Writer, type Written } from '../text/writer.ts';
import { Body } from './body.ts';
import { Constants } from './constants.ts';
import { Formulas } from './formulas.ts';
import { modelLiteral } from './model.ts';
import { Routines } from './routines.ts';
import { Variables } from './variables.ts';

export interface EmitOptions {
  /** What the module imports: a package name or a path. */
  readonly tfjs: string;
  readonly runtime: string;
  /** The table of operations, for their lowerings. */
  readonly operations: Readonly<Record<string, Operation>>;
  /** The texts that spans point into: the file itself, those that it uses, the prelude. */
  readonly sources: readonly Source[];
  /** Name of the emitted file; the source map is that name and `.map`. */
  readonly file?: string;
}

export function emit(given: Plan, options: EmitOptions): Written {
  const plan = outline(given);
  const sources = new Sources(options.sources);
  const names = new Names();
  const phaseNames = plan.phases.map((phase) => names.fresh(phase.name));
  const outputNames = plan.outputs.map((output) => names.fresh(output.name));
  const probeNames = plan.probes.map((probe) => names.fresh(`${probe.name}_at_${probe.sources[0]}`));
  const constants = new Constants(names);
  const formulas = new Formulas(names, options.operations);
  const optimizers = new Map(plan.optimizers.map((spec) => [spec.name, spec]));

  const common = { operations: options.operations, optimizers, formulas };
  const routines = new Routines(plan, names, sources, { ...common, constants });
  const functions = new Writer(sources);
  functions.append(routines.writer);
  const write = (name: string, of: PhasePlan | OutputPlan) => {
    const output = 'result' in of ? of : null;
    const result = output && { node: output.result, name: output.name };
    const variables = new Variables(of.body, result, of.names, constants, plan.path);
    const isAsync = !output || [...walk(of.body)].some((step) => step.kind === 'sample');
    functions.doc(output ? aboutOutput(output) : aboutPhase(of as PhasePlan));
    const open = `${isAsync ? 'async ' : ''}function ${name}(run) {`;
    const print = () => {
      const weights = variables.weights(of.body, output?.result ?? null);
      if (weights) functions.line(`const ${weights} = run;`);
      if (!output) functions.blank();
      new Body({
        writer: functions,
        names: new Names(names),
        variables,
        ...common,
        routines,
        steps: of.body,
        draws: of.draws,
        ...(output ? { result: output.result } : {}),
      }).print();
    };
    functions.block(open, '}', print, of.span);
    functions.blank();
  };
  plan.phases.forEach((phase, i) => {
    write(phaseNames[i]!, phase);
  });
  plan.outputs.forEach((output, i) => {
    write(outputNames[i]!, output);
  });
  plan.probes.forEach((probe, i) => {
    write(probeNames[i]!, probe);
  });

  const writer = new Writer(sources);
  writer.comment(
    `${plan.name}: compiled by ganc from ${plan.path}. "line 12" in a comment is a line of that file.`,
  );
  if (plan.doc !== '') {
    writer.line('//');
    writer.comment(plan.doc);
  }
  writer.line(`import * as tf from ${string(options.tfjs)};`);
  const parts = new Writer(sources);
  constants.print(parts);
  formulas.print(parts);
  const usesHelpers = parts.mentions('nn.') || functions.mentions('nn.');
  const helpers = usesHelpers ? 'main, nn' : 'main';
  writer.line(`import { ${helpers} } from ${string(options.runtime)};`);
  writer.blank();
  const functionNames = { phases: phaseNames, outputs: outputNames, probes: probeNames };
  const model = modelLiteral(plan, functionNames, (span) => (sources.place(span)?.line ?? 0) + 1);
  writer.line(`export const model = ${literal(model, 0, WIDTH_FORCED)};`);
  writer.blank();
  writer.append(parts);
  writer.append(functions);
  writer.comment('Run as a program, it trains; imported, it only gives the model.');
  writer.line('await main(model, import.meta.url);');
  return writer.finish(options.file ?? `${plan.name}.js`);
}

/** The model is always laid out over several lines, however small. */
const WIDTH_FORCED = 1000;

function aboutPhase(phase: PhasePlan): string {
  const length =
    phase.steps === null ? `${phase.epochs} epochs` : `${phase.steps.toLocaleString('en')} steps`;
  return `One step of phase \`${phase.name}\` (${length} of ${phase.batch} examples).`;
}

function aboutOutput(output: OutputPlan): string {
  const from = output.sources.length === 0 ? '' : ` of ${output.sources.join(', ')}`;
  return output.doc === '' ? `The output \`${output.name}\`${from}.` : output.doc;
}
