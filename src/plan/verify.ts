/**
 * The verifier of plans: every value is computed once, read only while it is there, and freed exactly once, in the block
 * that computed it. So it is freed on every way through the schedule, whichever blocks are skipped. A call and its routine
 * agree on what is given and taken. Tests run it after `layOut`, on random schedules too.
 */
import type { Node } from '../ir/graph.ts';
import { printType } from '../ir/print.ts';
import { isNumber } from './numbers.ts';
import { isMade } from './place.ts';
import { type CallStep, type Plan, type Step, turnResults } from './plan.ts';
import { reads } from './uses.ts';

/** What is wrong with the lifetimes of a plan's values, and with its calls; empty if nothing. */
export function verifyLifetimes(plan: Plan): readonly string[] {
  const found: string[] = [];
  const outlined = plan.routines !== undefined;
  const about = (what: string) => (said: string) => void found.push(`${what}: ${said}`);
  for (const { name, body } of plan.phases) follow(body, about(`phase ${name}`), { outlined });
  for (const { name, body, result } of [...plan.outputs, ...plan.probes])
    follow(body, about(`output ${name}`), { kept: new Set([result]), outlined });
  for (const { net, params, body, results } of plan.routines ?? [])
    follow(body, about(`routine ${net}`), { given: params, kept: new Set(results), outlined });
  return found;
}

type Complain = (what: string) => void;

/** What a body is given, and what of its values it leaves to its caller. */
interface Bounds {
  readonly given?: readonly Node[];
  readonly kept?: ReadonlySet<Node>;
  /** Plain numbers are then worked out wherever they are read: they have no lifetimes. */
  readonly outlined: boolean;
}

/** Follows a body of steps. */
function follow(
  body: readonly Step[],
  complain: Complain,
  { given = [], kept = new Set(), outlined }: Bounds,
): void {
  /** Values that are there now. */
  const alive = new Set<Node>(given);
  const skipped = (node: Node) => outlined && isNumber(node);
  const nameOf = (node: Node) => `%${node.id} (${node.origin})`;

  /** Gives the values of the blocks around that this one reads. `kept`: what of its own it hands out. */
  const block = (steps: readonly Step[], kept: ReadonlySet<Node>): ReadonlySet<Node> => {
    const made = new Set<Node>();
    const freed = new Set<Node>();
    const used = new Set<Node>();
    const use = (node: Node): void => {
      if (!isMade(node) || skipped(node)) return;
      if (!alive.has(node)) complain(`${nameOf(node)} is read where it is not there`);
      used.add(node);
    };
    const make = (node: Node): void => {
      if (skipped(node)) return;
      if (alive.has(node)) complain(`${nameOf(node)} is computed twice`);
      alive.add(node);
      made.add(node);
    };
    for (const step of steps) {
      reads(step).forEach(use);
      switch (step.kind) {
        case 'compute':
          make(step.node);
          break;
        case 'fuse': {
          const needed = new Set<Node>([...step.results, ...step.nodes.flatMap((node) => node.args)]);
          for (const node of step.nodes) {
            if (alive.has(node)) complain(`${nameOf(node)} is computed twice`);
            if (!needed.has(node)) complain(`${nameOf(node)} is not used`);
          }
          step.results.forEach(make);
          break;
        }
        case 'free':
          for (const node of step.nodes) {
            // A routine may free what it was given, and what its results are that are not to be kept.
            if (skipped(node)) continue;
            if (!made.has(node) && !given.includes(node))
              complain(`${nameOf(node)} is freed outside the block that computed it`);
            else if (!alive.delete(node)) complain(`${nameOf(node)} is freed twice`);
            if (step.unlessKept && !kept.has(node)) complain(`${nameOf(node)} is not kept by any call`);
            if (!step.unlessKept) freed.add(node);
          }
          break;
        case 'loop': {
          const { next, kept: stacked } = turnResults(step);
          for (const node of block(step.body, new Set([...next, ...stacked]))) use(node);
          for (const part of step.results) {
            if (part.args[0] !== step.node) complain(`${nameOf(part)} is a part of another loop`);
            make(part);
          }
          break;
        }
        case 'call':
          checkCall(step, complain);
          step.args.forEach((arg, i) => {
            const param = step.routine.params[i];
            const isFreed =
              param && step.routine.body.some((s) => s.kind === 'free' && s.nodes.includes(param));
            if (arg === 0 || !isFreed) return;
            if (!made.has(arg)) complain(`${nameOf(arg)} is freed outside the block that computed it`);
            alive.delete(arg);
            freed.add(arg);
          });
          for (const node of step.results) if (node) make(node);
          break;
        case 'repeat':
        case 'when':
          if (step.body.length === 0) complain('a block is empty');
          for (const node of block(step.body, new Set())) use(node);
          break;
      }
    }
    for (const node of made) {
      const isResult = kept.has(node);
      if (isResult) alive.delete(node);
      if (isResult && freed.has(node)) complain(`${nameOf(node)}, the result, is freed`);
      if (!isResult && !used.has(node)) complain(`${nameOf(node)} is not used`);
      if (!isResult && !freed.has(node)) complain(`${nameOf(node)} is not freed`);
    }
    return new Set([...used].filter((node) => !made.has(node)));
  };
  block(body, kept);
}

/** A call gives what the routine takes, and takes what it gives. */
function checkCall({ label, routine, args, results }: CallStep, complain: Complain): void {
  const compare = (given: readonly (Node | 0 | null)[], own: readonly Node[], what: string): void => {
    if (given.length !== own.length)
      return void complain(`${label} has ${given.length} ${what}s and should have ${own.length}`);
    given.forEach((node, i) => {
      if (node && printType(node) !== printType(own[i]!))
        complain(`${what} ${i} of ${label} is ${printType(node)} and should be ${printType(own[i]!)}`);
    });
  };
  compare(args, routine.params, 'argument');
  compare(results, routine.results, 'result');
}
