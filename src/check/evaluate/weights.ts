/** Weights as values: `D.weights`, arithmetic on them, and calls of a net with weights that it is given. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Term, WeightTerm } from '../../model/model.ts';
import type { Checker, NetState } from './context.ts';
import { type Fn, type Given, type TupleValue, termValue, type Value } from './value.ts';

type NetFn = Extract<Fn, { kind: 'net' }>;

/** The weights of a net as a tuple of its layers, each a tuple of its slots. */
export function weightsOf(state: NetState, fn: NetFn, span: Span): TupleValue {
  const name = fn.decl.name.text;
  const layers = new Map<string, Map<string, WeightTerm>>();
  for (const weight of state.frame?.weights ?? []) {
    const layer = weight.layer.slice(name.length + 1);
    const slots = layers.get(layer) ?? new Map<string, WeightTerm>();
    layers.set(layer, slots);
    const { variant } = fn;
    const { shape } = weight;
    slots.set(weight.slot, { kind: 'weight', weight, variant, shape, batch: false, span, name: null });
  }
  return tuple(
    [...layers].map(([layer, slots]) => [
      layer,
      tuple([...slots].map(([slot, term]) => [slot, termValue(term)])),
    ]),
    name,
  );
}

function tuple(items: readonly (readonly [string, Value])[], weights?: string): TupleValue {
  return {
    kind: 'tuple',
    names: items.map(([name]) => name),
    items: items.map(([, item]) => item),
    ...(weights === undefined ? {} : { weights }),
  };
}

/** The weights that a value is, or null. */
export function asWeights(value: Value): (TupleValue & { readonly weights: string }) | null {
  return value.kind === 'tuple' && value.weights !== undefined
    ? (value as TupleValue & { readonly weights: string })
    : null;
}

/** Weights made of other weights, entry by entry; `f` is given the places of an entry: layer and slot. */
export function mapWeights(
  weights: TupleValue,
  f: (entry: Value, layer: number, slot: number) => Value,
): TupleValue {
  return {
    ...weights,
    items: weights.items.map((layer, i) =>
      layer.kind === 'tuple' ? { ...layer, items: layer.items.map((entry, j) => f(entry, i, j)) } : layer,
    ),
  };
}

/** The entry of other weights of the same net, or of a number the number itself. */
export function entryOf(value: Value, layer: number, slot: number): Value {
  if (!asWeights(value)) return value;
  const slots = (value as TupleValue).items[layer];
  return slots?.kind === 'tuple' ? slots.items[slot]! : value;
}

/** All entries, in the order of the net's text. */
export function entriesOf(weights: TupleValue): readonly Value[] {
  return weights.items.flatMap((layer) => (layer.kind === 'tuple' ? layer.items : []));
}

/** What a call gives as `weights = …`: the terms by the names of the net's weights; null (reported) where it is wrong. */
export function givenWeights(c: Checker, state: NetState, given: Given): ReadonlyMap<string, Term> | null {
  const net = state.declared.name.text;
  if (given.value.kind === 'unknown') return null;
  const weights = asWeights(given.value);
  if (weights?.weights !== net) {
    c.report('GAN0377', given.span, { net, found: c.text(given.span), of: weights?.weights ?? null });
    return null;
  }
  const terms = new Map<string, Term>();
  for (const [i, layer] of weights.items.entries()) {
    if (layer.kind !== 'tuple') continue;
    for (const [j, entry] of layer.items.entries()) {
      if (entry.kind !== 'term') return null;
      terms.set(`${net}/${weights.names[i]}/${layer.names[j]}`, entry.term);
    }
  }
  return terms;
}
