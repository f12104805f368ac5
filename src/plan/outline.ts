/**
 * Outlining: steps that evaluate the same net, or go back through it, in the same way become one routine that is called.
 * So what is computed three times is written once. The steps stay the same ones in the same order: a routine's body with
 * a call's arguments for its parameters is what stood there before. There are two liberties: a call may be given more
 * values than it reads (they are freed at once), and a sum that starts with it is started from 0.
 */

import type { Copy, LeafNode, Node, OpNode } from '../ir/graph.ts';
import { attrsKey } from '../ir/graph-builder.ts';
import { dependencies } from '../ir/loops.ts';
import { sameShape, sizeOf } from '../ir/ndarray.ts';
import { Calls } from './calls.ts';
import { isNumber } from './numbers.ts';
import { isMade } from './place.ts';
import type { CallStep, Names, Plan, Routine, Step } from './plan.ts';
import { inner, reads, walk } from './uses.ts';

/** Shorter ones are better read where they stand. */
const LEAST_STEPS = 4;
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

/** Neighbouring steps that belong to one evaluation of a net, or to the way back through it. */
interface Segment {
  readonly net: string;
  readonly derived: number;
  /** What it is an evaluation of, in a word (`D(x)`). */
  readonly label: string;
  /** All of them, in one block: `work` among `free`s and plain numbers. */
  readonly steps: readonly Step[];
  readonly work: readonly Work[];
  /** What is made of weights alone and read by other evaluations too: it is computed before. */
  readonly aside: readonly Work[];
  /** Values made in it and read after it. */
  readonly wanted: ReadonlySet<Node>;
  /** Which copy of the weights it reads; null: none. */
  readonly copy: Copy | null;
  /** Only segments of one form can be the same. */
  readonly form: string;
}

type Work = Extract<Step, { kind: 'compute' | 'fuse' }>;

function madeBy(step: Work): readonly Node[] {
  return step.kind === 'compute' ? [step.node] : step.results;
}

function* segmentsOf(body: readonly Step[], names: Names, result: Node | null): Generator<Segment> {
  const roots = new Set<Node>(result ? [result] : []);
  for (const step of walk(body)) {
    if (step.kind !== 'compute' && step.kind !== 'fuse') for (const node of reads(step)) roots.add(node);
  }
  const evaluations = new Calls([...roots], names, (node) => node.derived === 0);
  const lists: (readonly Step[])[] = [body];
  for (let list = lists.pop(); list; list = lists.pop()) {
    for (const run of runsOf(list, evaluations)) {
      const all = run.steps.filter(isWork);
      // What is freed in it is read by nothing after it.
      const freed = freedIn(run.steps);
      const aside = new Set<Work>();
      const common: Work[] = [];
      const own = new Set<Node>();
      for (const step of all) {
        if (isCommon(step, evaluations) && !reads(step).some((node) => own.has(node))) common.push(step);
        else for (const node of madeBy(step)) own.add(node);
      }
      const earlier = new Set<Node>();
      for (const step of common.reverse()) {
        if (madeBy(step).every((node) => freed.has(node) && !earlier.has(node))) continue;
        aside.add(step);
        for (const node of reads(step)) earlier.add(node);
      }
      const work = all.filter((step) => !aside.has(step));
      const copies = new Set(work.flatMap(reads).flatMap(copyOf));
      if (work.length < LEAST_STEPS || copies.size > 1) continue;
      yield {
        ...run,
        work,
        aside: all.filter((step) => aside.has(step)),
        wanted: new Set(work.flatMap(madeBy).filter((node) => !freed.has(node))),
        copy: [...copies][0] ?? null,
        form: `${run.net} ${run.derived} ${work.map(formOf).join(' ')}`,
      };
    }
    for (const step of list) {
      // What a turn of a loop computes stays in it: it hangs on the turn.
      const within = step.kind === 'loop' ? null : inner(step);
      if (within) lists.push(within);
    }
  }
}

type Run = Pick<Segment, 'net' | 'derived' | 'label' | 'steps'>;

function* runsOf(list: readonly Step[], evaluations: Calls): Generator<Run> {
  let run: { net: string; derived: number; label: string; steps: Step[] } | null = null;
  let layer = '';
  let left = new Set<string>();
  /** Frees and numbers that may or may not be followed by more of it. */
  let between: Step[] = [];
  for (const step of list) {
    if (step.kind === 'free' || (step.kind === 'compute' && isNumber(step.node))) {
      if (run) between.push(step);
      continue;
    }
    const place = isWork(step) ? placeOf(step, evaluations) : null;
    const continues: boolean =
      run !== null &&
      place !== null &&
      place.net === run.net &&
      place.derived === run.derived &&
      (place.label === run.label || isGeneral(place) || isGeneral(run)) &&
      (place.layer === layer || !left.has(place.layer));
    if (run && !continues) {
      run.steps.push(...freesOf(between));
      yield run;
      run = null;
    }
    if (place && !run) {
      run = { net: place.net, derived: place.derived, label: place.label, steps: [] };
      [layer, left] = ['', new Set()];
      between = [];
    }
    if (place) {
      if (isGeneral(run!)) run!.label = place.label;
      run!.steps.push(...between, step);
      between = [];
      if (place.layer !== layer && layer !== '') left.add(layer);
      layer = place.layer;
    }
  }
  if (run) {
    run.steps.push(...freesOf(between));
    yield run;
  }
}

/** Of a net, but of none of its evaluations in particular: made of weights alone. */
function isGeneral({ label, derived }: { readonly label: string; readonly derived: number }): boolean {
  return derived === 0 && !label.includes('(');
}

function isCommon(step: Work, evaluations: Calls): boolean {
  const place = placeOf(step, evaluations);
  return place !== null && isGeneral(place);
}

/** The frees right behind a run are its own. */
function freesOf(between: readonly Step[]): readonly Step[] {
  const end = between.findIndex((step) => step.kind !== 'free');
  return end === -1 ? between : between.slice(0, end);
}

function isWork(step: Step): step is Work {
  if (step.kind === 'compute') return step.node.kind === 'op' && !isNumber(step.node);
  return step.kind === 'fuse';
}

/** Where all of a step's results belong; null where they don't belong together, or to no net. */
function placeOf(step: Work, evaluations: Calls) {
  const nodes = madeBy(step);
  const labels = new Set<string>();
  for (const node of nodes) {
    const label = evaluations.call(node);
    if (label === null || node.derived !== nodes[0]!.derived) return null;
    labels.add(label);
  }
  // What is summed over all calls is computed in one of them.
  const said = [...labels].filter((label) => label.includes('('));
  const [label] = said.length > 0 ? said : labels;
  const [net] = label!.split('(');
  if (said.length > 1 || [...labels].some((other) => other.split('(')[0] !== net)) return null;
  const { origin, derived } = nodes[0]!;
  // A function (`relu`) is no layer of its own: it may well be met again.
  const layer = /_\d+$/.test(origin) ? origin : '';
  return { net: net!, derived, label: label!, layer };
}

function freedIn(steps: readonly Step[]): Set<Node> {
  return new Set(steps.flatMap((step) => (step.kind === 'free' ? step.nodes : [])));
}

function copyOf(node: Node): Copy[] {
  return node.kind === 'leaf' && (node.leaf.kind === 'weight' || node.leaf.kind === 'stat')
    ? [node.leaf.copy]
    : [];
}

function formOf(step: Work): string {
  return step.kind === 'compute' ? (step.node as OpNode).op : `fuse ${JSON.stringify(step.reduced)}`;
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

/** What stands for a value of the first segment in the second; 0 where a sum begins. */
type Match = Map<Node, Node | 0>;

/** `whole` has all that `part` has, under other names: the names; else null. */
function match(whole: Segment, part: Segment): Match | null {
  const known: Match = new Map();
  const taken = new Map<Node, Node>();
  const made = new Set(whole.work.flatMap(madeBy));
  const within = (step: Work): readonly Node[] => (step.kind === 'fuse' ? step.nodes : []);
  const madeInPart = new Set(part.work.flatMap((step) => [...madeBy(step), ...within(step)]));
  /** What the part's step computes on its way. */
  let insidePart: ReadonlySet<Node> = new Set();

  const trail: Node[] = [];
  const put = (a: Node, b: Node | 0): boolean => {
    if (b !== 0 && taken.has(b)) return false;
    known.set(a, b);
    if (b !== 0) taken.set(b, a);
    trail.push(a);
    return true;
  };
  /** `inside`: what the step computes on its way. */
  const same = (a: Node, b: Node, inside: ReadonlySet<Node>): boolean => {
    if (known.has(a)) return known.get(a) === b;
    if (a.count !== b.count || !sameShape(a.shape, b.shape)) return false;
    if (isNumber(a) || isNumber(b)) return numberKey(a) === numberKey(b);
    if (isRead(a) || isRead(b)) return isRead(a) && isRead(b) && leafName(a) === leafName(b);
    if (inside.has(a) || insidePart.has(b)) {
      if (!inside.has(a) || !insidePart.has(b)) return false;
      return a.kind === 'op' && b.kind === 'op' && sameOperation(a, b, inside);
    }
    return !made.has(a) && !madeInPart.has(b) && put(a, b);
  };
  const sameOperation = (a: OpNode, b: OpNode, inside: ReadonlySet<Node>): boolean =>
    a.op === b.op &&
    a.count === b.count &&
    sameShape(a.shape, b.shape) &&
    attrsKey(a.attrs) === attrsKey(b.attrs) &&
    a.args.every((arg, i) => same(arg, b.args[i]!, inside));
  /** As it was before, if it does not work out. */
  const attempt = (f: () => boolean): boolean => {
    const before = trail.length;
    if (f()) return true;
    for (const a of trail.splice(before)) {
      const b = known.get(a);
      known.delete(a);
      if (b) taken.delete(b);
    }
    return false;
  };
  /** A sum of gradients that begins here: all of it is its last term. */
  const begins = (a: OpNode, b: OpNode, inside: ReadonlySet<Node>): boolean => {
    if (a.op !== 'add') return false;
    const [sum, term] = inside.has(a.args[0]!) ? a.args.toReversed() : a.args;
    if (!sum || term?.kind !== 'op' || inside.has(sum) || made.has(sum) || known.has(sum)) return false;
    return inside.has(term) && put(sum, 0) && sameOperation(term, b, inside);
  };

  for (const [i, step] of whole.work.entries()) {
    const other = part.work[i]!;
    if (step.kind !== other.kind) return null;
    if (step.kind === 'compute' || other.kind === 'compute') {
      const [a, b] = [madeBy(step)[0] as OpNode, madeBy(other)[0] as OpNode];
      insidePart = new Set();
      if (!sameOperation(a, b, new Set()) || !put(a, b)) return null;
      continue;
    }
    const inside = new Set<Node>(step.nodes);
    insidePart = new Set(other.nodes);
    const free = new Set(step.results);
    for (const b of other.results) {
      const found = [...free].find(
        (a) =>
          attempt(() => sameOperation(a, b, inside) && put(a, b)) ||
          attempt(() => begins(a, b, inside) && put(a, b)),
      );
      if (!found) return null;
      free.delete(found);
    }
    // Statistics more cost nothing; to store another value of all examples would.
    for (const a of free) if (a.count !== null && sizeOf(a.shape) > 1) return null;
  }
  // What the part leaves out may read something that nothing stands for.
  for (const step of whole.work) {
    for (const node of reads(step)) {
      if (!isRead(node) && !isNumber(node) && !made.has(node) && !known.has(node)) return null;
    }
  }
  return known;
}

const isRead = (node: Node): node is LeafNode =>
  node.kind === 'leaf' && (node.leaf.kind === 'weight' || node.leaf.kind === 'stat');

function leafName({ leaf }: LeafNode): string {
  return 'name' in leaf ? `${leaf.kind} ${leaf.name}` : '';
}

const numberKeys = new WeakMap<Node, string>();

/** What a number is worked out from. */
function numberKey(node: Node): string {
  const known = numberKeys.get(node);
  if (known !== undefined) return known;
  let key = 'none';
  if (node.kind === 'op') key = `${node.op}(${node.args.map(numberKey).join()})${attrsKey(node.attrs)}`;
  else if (node.leaf.kind === 'constant')
    key = `constant ${node.shape.join()} ${node.leaf.value.data.join()}`;
  else if (node.leaf.kind === 'host') key = `host ${JSON.stringify(node.leaf.expr)}`;
  else if (node.leaf.kind === 'count') key = `count ${node.leaf.count}`;
  else key = `node ${node.id}`;
  numberKeys.set(node, key);
  return key;
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
  for (const step of steps) {
    const found = calls.get(step);
    if (found) {
      const { call, segment } = found;
      gone = new Set(segment.steps);
      result.push(...segment.aside);
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
      if (step.kind === 'compute' && isNumber(step.node)) result.push(step);
      continue;
    }
    const body = inner(step);
    result.push(body ? ({ ...step, body: replaced(body, calls) } as Step) : step);
  }
  return result;
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
