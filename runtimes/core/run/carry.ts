/**
 * Which state of a checkpoint each optimiser of a file goes on with, when the file was edited in between. A named
 * optimiser keeps its state by its name. One that is written in an update is known by what it moves, its objective and its
 * kind, wherever the update stands; where several agree in these, by its settings first, then in the order of the text.
 */
import type { OptimizerSpec } from './model.ts';

export interface Carried {
  /** By the name of an optimiser of the file: the name under which the checkpoint holds its state. */
  readonly from: ReadonlyMap<string, string>;
  /** What starts anew or is dropped, in words. */
  readonly notices: readonly string[];
}

/** `stored`: the optimisers of the file that wrote the checkpoint. `used`: those of them of which it holds tensors. */
export function carryOptimizers(
  stored: readonly OptimizerSpec[],
  used: ReadonlySet<string>,
  now: readonly OptimizerSpec[],
): Carried {
  const from = new Map<string, string>();
  let left = [...stored];
  for (const alike of [sameText, sameUpdate, sameElsewhere]) {
    for (const spec of now) {
      if (from.has(spec.name)) continue;
      const found = left.find((other) => alike(spec, other));
      if (found === undefined) continue;
      from.set(spec.name, found.name);
      left = left.filter((other) => other !== found);
    }
  }
  const lost = left.filter(({ name }) => used.has(name));
  const anew = now.filter(({ name }) => !from.has(name));
  return {
    from,
    notices: [
      ...lost.map((spec) => `the state of ${said(spec)} is dropped: ${why(spec, now)}`),
      ...anew.map((spec) => `${said(spec)} starts anew: the checkpoint has no state for it`),
    ],
  };
}

type Alike = (a: OptimizerSpec, b: OptimizerSpec) => boolean;

const sameText: Alike = (a, b) =>
  a.update === null || b.update === null
    ? a.update === b.update && a.name === b.name && a.rule === b.rule
    : sameUpdate(a, b) && a.update.settings === b.update.settings;

const sameUpdate: Alike = (a, b) => sameElsewhere(a, b) && a.update!.phase === b.update!.phase;

/** The same update, in a phase that perhaps has another name. */
const sameElsewhere: Alike = (a, b) =>
  a.update !== null &&
  b.update !== null &&
  a.rule === b.rule &&
  a.update.goal === b.update.goal &&
  [...a.update.nets].sort().join() === [...b.update.nets].sort().join();

function said({ name, rule, update }: OptimizerSpec): string {
  if (update === null) return `optimizer ${name} (${rule})`;
  return `\`${update.settings}\` in \`update ${update.nets.join(', ')} to ${update.goal}\``;
}

function why({ name, rule, update }: OptimizerSpec, now: readonly OptimizerSpec[]): string {
  if (update !== null) return `no update moves ${update.nets.join(', ')} for this objective with ${rule} now`;
  const same = now.find((spec) => spec.update === null && spec.name === name);
  return same ? `it is ${same.rule} now` : 'the file has no optimizer of this name now';
}
