/** Which neighbouring steps of a plan belong to one evaluation of a net, or to the way back through it. */
import type { Copy, Node, OpNode } from '../ir/graph.ts';
import { Calls } from './calls.ts';
import { isNumber } from './numbers.ts';
import type { Names, Step } from './plan.ts';
import { inner, reads, walk } from './uses.ts';

/** Shorter ones are better read where they stand. */
const LEAST_STEPS = 4;

/** Neighbouring steps that belong to one evaluation of a net, or to the way back through it. */
export interface Segment {
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

export type Work = Extract<Step, { kind: 'compute' | 'fuse' }>;

export function madeBy(step: Work): readonly Node[] {
  return step.kind === 'compute' ? [step.node] : step.results;
}

export function* segmentsOf(body: readonly Step[], names: Names, result: Node | null): Generator<Segment> {
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

export function freedIn(steps: readonly Step[]): Set<Node> {
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
