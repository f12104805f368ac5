/**
 * Nets as functions: an evaluation that several places share, and the way back through it.
 *
 *   const [fake, G_z] = G(run, w, z, true);
 *   const d_G_z = G_backward(run, w, G_z, d_fake);
 *
 * A function gives the net's value and a record of what backward steps read. What it is given from such a record it
 * takes as the record.
 */
import type { Node } from '../../ir/graph.ts';
import { gradientTarget } from '../../ir/remarks.ts';
import type { CallStep, Plan, Routine } from '../../plan/plan.ts';
import { reads, walk } from '../../plan/uses.ts';
import { fit } from '../text/fit.ts';
import { access, literal, Raw } from '../text/literal.ts';
import { Names } from '../text/names.ts';
import { type Sources, Writer } from '../text/writer.ts';
import { Body, type BodyOptions } from './body.ts';
import type { Input, RoutineText, RoutineTexts } from './routine-text.ts';
import { Variables } from './variables.ts';

type Options = Pick<BodyOptions, 'operations' | 'optimizers' | 'formulas'> & {
  readonly constants: ConstructorParameters<typeof Variables>[3];
};

export class Routines implements RoutineTexts {
  readonly #texts = new Map<Routine, RoutineText>();
  readonly writer: Writer;

  /** `names` are the module's. */
  constructor(plan: Plan, names: Names, sources: Sources, options: Options) {
    this.writer = new Writer(sources);
    const routines = plan.routines ?? [];
    const calls = callsOf(plan);
    /** Which result of which call a value is. */
    const given = new Map<Node, { readonly call: CallStep; readonly at: number }>();
    for (const call of [...calls.values()].flat()) {
      call.results.forEach((node, at) => {
        if (node && !(at === 0 && call.routine.hasValue)) given.set(node, { call, at });
      });
    }
    // Evaluations come before what goes back through them.
    const inOrder = [...routines].sort((p, q) => p.derived - q.derived);
    for (const routine of inOrder) {
      const isNamed = (other: Routine) => this.#texts.has(other);
      const inputs = inputsOf(routine, calls.get(routine) ?? [], given, isNamed);
      this.#texts.set(routine, this.#print(plan, routine, inputs, names, options));
    }
  }

  of(routine: Routine): RoutineText {
    const text = this.#texts.get(routine);
    if (!text) throw new Error(`internal: no function for ${routine.net}`);
    return text;
  }

  #print(
    plan: Plan,
    routine: Routine,
    inputs: readonly Input[],
    module: Names,
    { constants, ...options }: Options,
  ): RoutineText {
    const { net, params, body, results, keeps, derived } = routine;
    const isOutput = isOutputs(plan, routine);
    const name = module.constant(`${net}${isOutput ? '_output' : ''}${'_backward'.repeat(derived)}`);
    const names = new Names(module);
    const declared = (plan.nets.find((n) => n.name === net)?.params ?? []).map((param) => param.name);
    const input = declared.length === 1 ? declared[0]! : null;
    const variables = new Variables(body, null, new Map(), constants, plan.path, { net, input });
    const scope = new Map<Node, string>();
    const list: string[] = [];
    for (const { from, params: its } of inputs) {
      const own = names.fresh(from ? 'kept' : paramName(routine, params[its[0]!]!, variables));
      list.push(own);
      its.forEach((at, i) => {
        const field = from && this.of(from.routine).fields[from.results[i]!]!;
        scope.set(params[at]!, field === null ? own : `${own}${access(field)}`);
      });
    }
    const keep = keeps ? names.fresh('keep') : null;
    const inside = new Writer(this.writer.sources);
    const fields: string[] = [];
    inside.indent(() => {
      const text = new Body({
        ...options,
        writer: inside,
        names,
        variables,
        routines: this,
        steps: body,
        draws: new Map(),
        given: scope,
        keep,
      });
      text.print();
      fields.push(...results.map((node) => text.nameOf(node)));
      if (keep) {
        // The others are freed by then.
        const rest = fields.filter((_, at) => !routine.keeps?.has(results[at]!));
        const start = `if (!${keep}) `;
        inside.line(`${start}return ${returned(routine, rest, inside.room - start.length)};`);
      }
      inside.line(`return ${returned(routine, fields, inside.room)};`);
    });
    const run = inside.mentions('run.');
    const weights = body.some((step) => reads(step).some((node) => variables.isWeight(node)));
    const all = [...(run ? ['run'] : []), ...(weights ? ['w'] : []), ...list, ...(keep ? [keep] : [])];
    const { writer } = this;
    writer.doc(about(routine, isOutput, fields[0]!, keep, linesOf(routine, writer.sources)));
    writer.line(fit(`function ${name}(${all.join(', ')}) {`));
    writer.append(inside);
    writer.line('}');
    writer.blank();
    return { name, run, weights, inputs, fields };
  }
}

/** What a sum of gradients goes on from says so. */
function paramName({ body }: Routine, node: Node, variables: Variables): string {
  for (const step of body) {
    const made = step.kind === 'fuse' ? step.results : step.kind === 'compute' ? [step.node] : [];
    for (const sum of made) {
      if (sum.kind !== 'op' || sum.op !== 'add' || !sum.args.includes(node)) continue;
      if (gradientTarget(sum)?.kind === 'leaf') return `${variables.wanted(sum)}_before`;
    }
  }
  return variables.wanted(node);
}

/** The value, and a record of `fields` beside it. A routine that never gives more gives the value alone. */
function returned({ hasValue, results }: Routine, fields: readonly string[], room: number): string {
  const value = hasValue ? fields[0]! : null;
  if (value !== null && results.length === 1) return value;
  const rest = hasValue ? fields.slice(1) : fields;
  if (value !== null && rest.length === 0) return `[${value}]`;
  const around = value === null ? 'return ;'.length : `return [${value}, ];`.length;
  const flat = `{ ${rest.join(', ')} }`;
  const names = rest.map((name) => new Raw(name));
  // Many on a line, as in a list.
  const record = around + flat.length <= room ? flat : `{${literal(names, 0, room, room).slice(1, -1)}}`;
  return value ? `[${value}, ${record}]` : record;
}

/** Whether only outputs call it: in them nets run as they do after training. */
function isOutputs({ phases }: Plan, routine: Routine): boolean {
  return !phases.some(({ body }) =>
    [...walk(body)].some((step) => step.kind === 'call' && step.routine === routine),
  );
}

/** All calls in the plan, by what they call. */
function callsOf(plan: Plan): Map<Routine, CallStep[]> {
  const calls = new Map<Routine, CallStep[]>();
  for (const { body } of [...plan.phases, ...plan.outputs, ...plan.probes]) {
    for (const step of walk(body)) {
      if (step.kind === 'call') calls.set(step.routine, [...(calls.get(step.routine) ?? []), step]);
    }
  }
  return calls;
}

/** Parameters that all calls take from one record of the same routine, one that stands before it, are one. */
function inputsOf(
  { params }: Routine,
  calls: readonly CallStep[],
  given: ReadonlyMap<Node, { readonly call: CallStep; readonly at: number }>,
  isNamed: (routine: Routine) => boolean,
): Input[] {
  const numbers = new Map<CallStep, number>();
  const numberOf = (call: CallStep) => {
    const known = numbers.get(call) ?? numbers.size;
    numbers.set(call, known);
    return known;
  };
  const inputs = new Map<
    string,
    { params: number[]; from: { routine: Routine; results: number[] } | null }
  >();
  params.forEach((_, i) => {
    const sources = calls.map(({ args }) => (args[i] ? given.get(args[i]) : undefined));
    const [first] = sources;
    const isRecord = first !== undefined && isNamed(first.call.routine);
    const isSame =
      isRecord && sources.every((s) => s && s.at === first!.at && s.call.routine === first!.call.routine);
    const id = isSame && first ? sources.map((s) => numberOf(s!.call)).join() : `parameter ${i}`;
    const known = inputs.get(id) ?? {
      params: [],
      from: isSame && first ? { routine: first.call.routine, results: [] } : null,
    };
    inputs.set(id, known);
    known.params.push(i);
    known.from?.results.push(first!.at);
  });
  // A record of which only one value is read is not worth being given.
  const all = [...inputs.values()].map((input) =>
    input.params.length > 1 ? input : { ...input, from: null },
  );
  return [...all.filter(({ from }) => from), ...all.filter(({ from }) => !from)];
}

/** What a reader has to know of a routine: what it gives, and what it frees. */
function about(
  routine: Routine,
  isOutput: boolean,
  field: string,
  keep: string | null,
  lines: string,
): string {
  const { net, derived, hasValue, results } = routine;
  if (derived > 0) {
    const targets = results.map(gradientTarget);
    const isWeight = (target: Node | null) => target?.kind === 'leaf' && target.leaf.kind === 'weight';
    const given = targets.some((target) => target && !isWeight(target));
    const gives = targets.some(isWeight)
      ? `: the gradients of its weights${given ? ' and of what it is given' : ''}`
      : given
        ? ': the gradient of what it is given'
        : '';
    return `Back through \`${net}\`${lines}${gives}.${freesGiven(routine) ? ' Frees what it reads last.' : ''}`;
  }
  const how = isOutput ? ' as outputs do' : '';
  const evaluates = `Evaluates \`${net}\`${lines}${how}`;
  if (hasValue && results.length === 1) return `${evaluates}: gives \`${field}\`.`;
  const value = hasValue ? `\`${field}\`, and ` : '';
  return `${evaluates}: gives ${value}what the way back needs${keep ? ` if \`${keep}\`` : ''}.`;
}

function freesGiven({ params, body }: Routine): boolean {
  const given = new Set<Node>(params);
  return [...walk(body)].some((step) => step.kind === 'free' && step.nodes.some((node) => given.has(node)));
}

/** Where in the net's text the steps come from. */
function linesOf({ body, net }: Routine, sources: Sources): string {
  const places = body.flatMap((step) => {
    const nodes = step.kind === 'fuse' ? step.results : step.kind === 'compute' ? [step.node] : [];
    return nodes
      .filter(({ origin }) => origin.startsWith(`${net}/`))
      .map(({ span }) => sources.place(span)?.line ?? -1);
  });
  const known = places.filter((line) => line >= 0);
  if (known.length === 0) return '';
  const [first, last] = [Math.min(...known) + 1, Math.max(...known) + 1];
  return first === last ? ` (line ${first})` : ` (lines ${first} to ${last})`;
}
