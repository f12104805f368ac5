/**
 * Warnings of the craft: what is allowed and runs, but rarely does what its author hopes. They look at the checked model
 * only, and each rule is a file of its own.
 */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Model, Term } from '../model/model.ts';
import type { Operation } from '../ops/record.ts';
import { operations as table } from '../ops/table.ts';
import { drawsApart } from './draws.ts';
import { looseCritic, samePull } from './game.ts';
import { batchNormUnderPenalty, mixedPixels, normOfPixels, unevenTransposed } from './layers.ts';
import { bernoulliTarget } from './likelihood.ts';
import { doubledSigmoid, saturatingGenerator, sigmoidCritic } from './losses.ts';
import { declaredRanges, logOfZero, sqrtOfZero } from './numbers.ts';
import { Positive } from './positive.ts';
import { Pulls } from './pull.ts';
import { Ranges } from './ranges.ts';
import { actionsOf, inOrder, Terms } from './terms.ts';
import type { Craft, Placed } from './view.ts';

const RULES: readonly ((craft: Craft) => Iterable<Diagnostic>)[] = [
  declaredRanges,
  logOfZero,
  unevenTransposed,
  batchNormUnderPenalty,
  sigmoidCritic,
  doubledSigmoid,
  saturatingGenerator,
  sqrtOfZero,
  samePull,
  looseCritic,
  bernoulliTarget,
  mixedPixels,
  normOfPixels,
  drawsApart,
];

export function craft(model: Model, operations: Readonly<Record<string, Operation>> = table): Diagnostic[] {
  const ranges = new Ranges(model, operations);
  const view: Craft = {
    model,
    terms: new Terms(model),
    ranges,
    pulls: new Pulls(ranges, operations),
    positive: new Positive(ranges, operations),
    all: everyTerm(model),
    at: ({ term, owner }) => (term.span.file === PRELUDE ? owner : term.span),
  };
  const found = new Map<string, Diagnostic>();
  for (const rule of RULES) {
    for (const diagnostic of rule(view)) {
      const { code, span } = diagnostic;
      // A net that is called twice, or typed twice, is still one text.
      const key = `${code} ${span.file} ${span.start} ${span.end}`;
      if (!found.has(key)) found.set(key, diagnostic);
    }
  }
  return [...found.values()];
}

const PRELUDE = 'prelude.gan';

function everyTerm(model: Model): Placed[] {
  const seen = new Set<Term>();
  const all: Placed[] = [];
  const add = (roots: readonly Term[], owner: Span) => {
    for (const term of inOrder(roots, (part) => seen.has(part))) {
      seen.add(term);
      all.push({ term, owner });
    }
  };
  for (const net of model.nets) for (const body of net.bodies.values()) add(body.results, net.span);
  for (const value of model.values) add([value.term], value.span);
  for (const action of actionsOf(model)) {
    if (action.kind === 'update') add([action.objective], action.span);
    else if (action.kind === 'set') add([action.value], action.span);
  }
  return all;
}
