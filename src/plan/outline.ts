/**
 * Outlining: steps that evaluate the same net, or go back through it, in the same way become one routine that is called.
 * So what is computed three times is written once. The steps stay the same ones in the same order: a routine's body with
 * a call's arguments for its parameters is what stood there before. There are three liberties: a call may be given more
 * values than it reads (they are freed at once), a sum of gradients that starts with it is started from 0, and what is made
 * of weights alone and read by several calls is computed before the first.
 */

import type { Node } from '../ir/graph.ts';
import { dependencies } from '../ir/loops.ts';
import { sizeOf } from '../ir/ndarray.ts';
import { isRead, match } from './match.ts';
import { isNumber } from './numbers.ts';
import { isMade } from './place.ts';
import type { CallStep, Plan, Routine, Step } from './plan.ts';
import { freedIn, madeBy, type Segment, segmentsOf } from './segments.ts';
import { inner, reads, walk } from './uses.ts';

/** What is computed in one place only is a routine of its own where it is long and is given few values. */
const LEAST_ALONE = 8;
/** Values that it is given one by one, not as the record of another routine. */
const MOST_GIVEN = 12;
const MOST_GIVEN_ALONE = 4;
/** Kinds of evaluations of one form, at most: each new one is held against all of them. */
const MOST_KINDS = 8;

/** The plan with `routines`, and calls of them. */
export function outline(plan: Plan): Plan {
  const found = new Map<string, Segment[][]>();
  for (const part of [...plan.phases, ...plan.outputs, ...plan.probes]) {
    const result = 'result' in part ? part.result : null;
    for (const segment of segmentsOf(part.body, part.names, result)) {
      const kinds = found.get(segment.form) ?? [];
      found.set(segment.form, kinds);
      sortIn(segment, kinds);
    }
  }
  const routines: Routine[] = [];
  /** By the first step of what they stand for. */
  const calls = new Map<Step, { readonly call: CallStep; readonly segment: Segment }>();
  /** What calls give, beside the values of nets: by which call, and which of its results. */
  const given = new Map<Node, Given>();
  const groups = [...found.values()].flat().sort((p, q) => p[0]!.derived - q[0]!.derived);
  for (const [first, ...others] of groups) {
    const members = [first!, ...others.filter((other) => match(first!, other))];
    const strangers = inputsOf(members, given);
    const isShort = first!.work.length < LEAST_ALONE;
    if (members.length < 2 ? isShort || strangers > MOST_GIVEN_ALONE : strangers > MOST_GIVEN) continue;
    const { routine, calls: of } = routineOf(members);
    routines.push(routine);
    of.forEach((call, i) => {
      const segment = members[i]!;
      calls.set(segment.steps[0]!, { call, segment });
      call.results.forEach((node, k) => {
        if (node && !(k === 0 && routine.hasValue))
          given.set(node, { call, field: `${routines.length} ${k}` });
      });
    });
  }
  if (routines.length === 0) return plan;
  const outlined = <P extends { readonly body: readonly Step[] }>(part: P): P => ({
    ...part,
    body: withoutIdleNumbers(replaced(part.body, calls)),
  });
  return {
    ...plan,
    phases: plan.phases.map(outlined),
    outputs: plan.outputs.map(outlined),
    probes: plan.probes.map(outlined),
    routines,
  };
}

/** Puts a segment with those of which it is the same; the first of them has all that the others have. */
function sortIn(segment: Segment, kinds: Segment[][]): void {
  for (const members of kinds) {
    if (match(members[0]!, segment)) {
      members.push(segment);
      return;
    }
    if (match(segment, members[0]!)) {
      members.unshift(segment);
      return;
    }
  }
  if (kinds.length < MOST_KINDS) kinds.push([segment]);
}

function routineOf(members: readonly Segment[]): { routine: Routine; calls: CallStep[] } {
  const [first] = members;
  const { work, net, derived } = first!;
  const matches = members.map((member) => match(first!, member)!);
  const made = work.flatMap(madeBy);
  /** For each member, the values of the routine that it reads afterwards. */
  const wants = members.map((member, i) => {
    const its = (node: Node) => matches[i]!.get(node);
    return new Set(made.filter((node) => member.wanted.has(its(node) as Node)));
  });
  const all = new Set(made.filter((node) => wants.some((own) => own.has(node))));
  const last = new Map<Node, number>();
  work.forEach((step, at) => {
    for (const node of [...reads(step), ...madeBy(step)]) last.set(node, at);
  });
  // Who does not read a value of all examples would hold its memory for nothing: it is kept for the others only.
  const isSpare = (node: Node) => sizeIn(node) > 64 && last.get(node)! < work.length - 1;
  const keeps = wants.map((own) => ![...all].some((node) => !own.has(node) && isSpare(node)));
  const always = new Set([...all].filter((node) => wants.some((own, i) => !keeps[i] && own.has(node))));
  if (!keeps.includes(false)) for (const node of all) always.add(node);

  const params = paramsOf(first!);
  const freed = members.map(({ steps }) => freedIn(steps));
  const consumed = new Set(
    params.filter((param) =>
      matches.every((names, i) => names.get(param) === 0 || freed[i]!.has(names.get(param) as Node)),
    ),
  );

  const body = work.flatMap((step, at): Step[] => {
    const dying = [...last].flatMap(([node, end]) => (end === at ? [node] : []));
    const dead = dying.filter((node) => consumed.has(node) || (made.includes(node) && !all.has(node)));
    const spare = dying.filter((node) => all.has(node) && !always.has(node));
    return [
      step,
      ...(dead.length > 0 ? [{ kind: 'free', nodes: dead } as const] : []),
      ...(spare.length > 0 ? [{ kind: 'free', nodes: spare, unlessKept: true } as const] : []),
    ];
  });
  const end = made.at(-1)!;
  const y = all.size === 1 ? [...all][0]! : derived === 0 && always.has(end) ? end : null;
  const results = [...(y ? [y] : []), ...made.filter((node) => all.has(node) && node !== y)];
  const routine: Routine = {
    net,
    derived,
    params,
    body: withNumbers(body),
    results,
    hasValue: y !== null,
    keeps: keeps.includes(false) ? new Set(results.filter((node) => !always.has(node))) : null,
  };
  const calls = members.map((member, i): CallStep => {
    const names = matches[i]!;
    const its = (node: Node) => names.get(node) ?? null;
    const given = new Set(params.filter((param) => !consumed.has(param)).map(its));
    return {
      kind: 'call',
      routine,
      label: member.label,
      copy: member.copy,
      args: params.map((param) => names.get(param) ?? 0),
      results: results.map((node) => (wants[i]!.has(node) ? (its(node) as Node) : null)),
      keep: keeps[i]!,
      after: [...freed[i]!].filter((node) => given.has(node)),
    };
  });
  return { routine, calls };
}

/** What the steps read and do not make themselves, weights and numbers aside. */
function paramsOf({ work }: Segment): Node[] {
  const made = new Set(work.flatMap(madeBy));
  return [...new Set(work.flatMap(reads))].filter(
    (node) => !isRead(node) && !isNumber(node) && !made.has(node),
  );
}

/** The call that gives a value, and which result of which routine it is. */
interface Given {
  readonly call: CallStep;
  readonly field: string;
}

/** How many things calls give: what all of them take from one record of the same routine is one. */
function inputsOf(members: readonly Segment[], given: ReadonlyMap<Node, Given>): number {
  const [first] = members;
  const matches = members.map((member) => match(first!, member)!);
  const numbers = new Map<CallStep, number>();
  const inputs = paramsOf(first!).map((param, i) => {
    const from = matches.map((names) => given.get(names.get(param) as Node));
    if (from.some((source) => source === undefined || source.field !== from[0]!.field))
      return `parameter ${i}`;
    for (const source of from) if (!numbers.has(source!.call)) numbers.set(source!.call, numbers.size);
    return from.map((source) => numbers.get(source!.call)).join();
  });
  return new Set(inputs).size;
}

/** A value of a batch counts as 64 of one example. */
function sizeIn({ shape, count }: Node): number {
  return sizeOf(shape) * (count === null ? 1 : 64);
}

/** Numbers that the steps read, each worked out before it is read first. */
function withNumbers(steps: readonly Step[]): Step[] {
  const known = new Set<Node>();
  const result: Step[] = [];
  const need = (node: Node): void => {
    if (node.kind === 'leaf' || !isNumber(node) || known.has(node)) return;
    known.add(node);
    node.args.forEach(need);
    result.push({ kind: 'compute', node });
  };
  for (const step of steps) {
    reads(step).forEach(need);
    result.push(step);
  }
  return result;
}

function replaced(
  steps: readonly Step[],
  calls: ReadonlyMap<Step, { readonly call: CallStep; readonly segment: Segment }>,
): Step[] {
  const result: Step[] = [];
  let gone = new Set<Step>();
  let early = new Set<Step>();
  for (const step of steps) {
    const found = calls.get(step);
    if (found) {
      const { call, segment } = found;
      gone = new Set(segment.steps);
      const before = beforeCall(segment);
      early = new Set(before);
      result.push(...before);
      const own = new Set<Node | 0>([...call.args, ...segment.work.flatMap(madeBy)]);
      const others = segment.steps
        .flatMap((s) => (s.kind === 'free' ? s.nodes : []))
        .filter((n) => !own.has(n));
      if (others.length > 0) result.push({ kind: 'free', nodes: others });
      result.push(call);
      if (found.call.after.length > 0) result.push({ kind: 'free', nodes: found.call.after });
    }
    if (gone.has(step)) {
      // What others read of the numbers is worked out where it was.
      if (step.kind === 'compute' && isNumber(step.node) && !early.has(step)) result.push(step);
      continue;
    }
    const body = inner(step);
    result.push(body ? ({ ...step, body: replaced(body, calls) } as Step) : step);
  }
  return result;
}

/** What a segment computes before its call, in its order: what is aside, and the numbers that this reads. */
function beforeCall({ steps, aside }: Segment): Step[] {
  const set = new Set<Step>(aside);
  const numbers = new Set<Node>();
  const need = (node: Node): void => {
    if (node.kind === 'leaf' || !isNumber(node) || numbers.has(node)) return;
    numbers.add(node);
    node.args.forEach(need);
  };
  aside.flatMap(reads).forEach(need);
  return steps.filter((step) => set.has(step) || (step.kind === 'compute' && numbers.has(step.node)));
}

/** Numbers that only routines read now are theirs alone. */
function withoutIdleNumbers(steps: readonly Step[]): Step[] {
  const read = new Set<Node>();
  const need = (node: Node): void => {
    if (read.has(node)) return;
    read.add(node);
    if (node.kind === 'op' && isNumber(node)) node.args.forEach(need);
  };
  for (const step of walk(steps)) {
    if (step.kind !== 'compute' || !isNumber(step.node)) reads(step).forEach(need);
    if (step.kind === 'loop') dependencies(step.node).forEach(need);
    if (step.kind === 'compute' && step.node.kind === 'leaf') dependencies(step.node).forEach(need);
  }
  const kept = (list: readonly Step[]): Step[] =>
    list.flatMap((step) => {
      const body = inner(step);
      if (body) return [{ ...step, body: kept(body) } as Step];
      return step.kind === 'compute' && isNumber(step.node) && isMade(step.node) && !read.has(step.node)
        ? []
        : [step];
    });
  return kept(steps);
}
