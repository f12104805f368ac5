/** Distributions and types as they are written: what noise is drawn from, how weights start, what data look like. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { DeclaredType, Distribution, Initializer, Meaning, Shape } from '../../ir/types.ts';
import { distributionNames, initializerNames } from '../../names/operations.ts';
import { didYouMean, distributionsElsewhere } from '../../names/words.ts';
import { MOST } from '../../ops/room.ts';
import type { DistExpr, TypeExpr } from '../../syntax/ast.ts';
import { type Formal, integerOf, matchArguments, numberOf, of } from './arguments.ts';
import type { Checker } from './context.ts';
import { describe, type Given, showNumber, type Value } from './value.ts';

const optional = (name: string): Formal => ({ name, required: false });
const required = (name: string): Formal => ({ name, required: true });

const distributionFormals: Readonly<Record<Distribution['kind'], readonly Formal[]>> = {
  normal: [optional('mean'), optional('std')],
  truncated_normal: [optional('mean'), optional('std'), optional('bound')],
  uniform: [optional('low'), optional('high')],
  gumbel: [optional('location'), optional('scale')],
  bernoulli: [optional('p')],
  categorical: [optional('logits')],
};

const initializerFormals: Readonly<Record<(typeof initializerNames)[number], readonly Formal[]>> = {
  normal: [optional('mean'), optional('std')],
  truncated_normal: [optional('mean'), optional('std')],
  uniform: [required('low'), required('high')],
  glorot_uniform: [],
  glorot_normal: [],
  he_normal: [],
  he_uniform: [],
  orthogonal: [],
  constant: [required('value')],
};

/** The parts of a distribution, evaluated. */
export interface DistributionParts {
  readonly args: readonly Given[];
  /** Null where no shape was written. */
  readonly shape: readonly Value[] | null;
}

export function distribution(
  c: Checker,
  expr: DistExpr,
  parts: DistributionParts,
): { readonly dist: Distribution; readonly shape: Shape } | null {
  const { text: name, span } = expr.name;
  if (!(distributionNames as readonly string[]).includes(name)) {
    const near = distributionsElsewhere.get(name) ?? nearest(name, distributionNames);
    c.report('GAN0229', span, { name, known: distributionNames }, didYouMean(near, span));
    return null;
  }
  const kind = name as Distribution['kind'];
  if (kind === 'categorical' && parts.args.length > 0) return categorical(c, expr, parts);
  const numbers = numericArguments(c, name, distributionFormals[kind], parts.args, expr.span);
  const shape = parts.shape && dimensions(c, expr.shape!, parts.shape, `\`${name}\``);
  if (!parts.shape) c.report('GAN0233', expr.span, { name });
  if (!numbers || !shape) return null;
  const at = (key: string, otherwise: number) => numbers.get(key) ?? otherwise;
  switch (kind) {
    case 'normal': {
      const std = at('std', 1);
      if (!hold(c, expr.span, of('std', name), std, std >= 0, '0 or more')) return null;
      return { dist: { kind, mean: at('mean', 0), std }, shape };
    }
    case 'uniform': {
      const [low, high] = [at('low', 0), at('high', 1)];
      const rule = `above its \`low\`, ${showNumber(low)}`;
      if (!hold(c, expr.span, of('high', name), high, low < high, rule)) return null;
      return { dist: { kind, low, high }, shape };
    }
    case 'truncated_normal': {
      const [std, bound] = [at('std', 1), at('bound', 2)];
      if (!hold(c, expr.span, of('std', name), std, std >= 0, '0 or more')) return null;
      if (!hold(c, expr.span, of('bound', name), bound, bound > 0, 'above 0')) return null;
      return { dist: { kind, mean: at('mean', 0), std, bound }, shape };
    }
    case 'gumbel': {
      const scale = at('scale', 1);
      if (!hold(c, expr.span, of('scale', name), scale, scale >= 0, '0 or more')) return null;
      return { dist: { kind, location: at('location', 0), scale }, shape };
    }
    case 'bernoulli': {
      const p = at('p', 0.5);
      if (!hold(c, expr.span, of('p', name), p, p >= 0 && p <= 1, 'between 0 and 1')) return null;
      return { dist: { kind, p }, shape };
    }
    case 'categorical':
      if (shape.length === 0) {
        c.report('GAN0233', expr.span, { name });
        return null;
      }
      return { dist: { kind }, shape };
  }
}

/** `categorical([0, 1, 2])[3]`: classes with these logits along the last axis. */
function categorical(
  c: Checker,
  expr: DistExpr,
  parts: DistributionParts,
): { readonly dist: Distribution; readonly shape: Shape } | null {
  const name = 'categorical';
  const matched = matchArguments(c, { name, formals: distributionFormals[name] }, parts.args, expr.span);
  const shape = parts.shape && dimensions(c, expr.shape!, parts.shape, `\`${name}\``);
  if (!parts.shape || shape?.length === 0) c.report('GAN0233', expr.span, { name });
  const argument = matched?.get('logits')?.[0];
  if (!argument || !shape || shape.length === 0) return null;
  const { value, span } = argument;
  const what = of('logits', name);
  const list = value.kind === 'constant' ? value.value : null;
  if (!Array.isArray(list) || !list.every((n) => typeof n === 'number')) {
    const help =
      value.kind === 'term'
        ? {
            help: 'for logits that are values write `gumbel_softmax(logits)`, or `categorical_sample(logits)` for a hard class',
          }
        : {};
    if (value.kind !== 'unknown')
      c.report('GAN0224', span, { what, expected: 'a list of numbers', found: describe(value) }, help);
    return null;
  }
  const rule = `${shape.at(-1)}, a number for each class`;
  if (!hold(c, span, `the length of ${what}`, list.length, list.length === shape.at(-1), rule)) return null;
  return { dist: { kind: name, logits: list as number[] }, shape };
}

/** `normal(0, 0.02)` as an initialiser, from its name and arguments. */
export function initializer(
  c: Checker,
  name: string,
  given: readonly Given[],
  span: Span,
): Initializer | null {
  const kind = name as Initializer['kind'];
  const numbers = numericArguments(c, name, initializerFormals[kind], given, span);
  if (!numbers) return null;
  const at = (key: string, otherwise: number) => numbers.get(key) ?? otherwise;
  switch (kind) {
    case 'normal':
    case 'truncated_normal': {
      const std = at('std', 1);
      return hold(c, span, of('std', name), std, std >= 0, '0 or more')
        ? { kind, mean: at('mean', 0), std }
        : null;
    }
    case 'uniform': {
      const [low, high] = [at('low', 0), at('high', 1)];
      const rule = `at least its \`low\`, ${showNumber(low)}`;
      return hold(c, span, of('high', name), high, low <= high, rule) ? { kind, low, high } : null;
    }
    case 'constant':
      return { kind, value: at('value', 0) };
    default:
      return { kind };
  }
}

/** The right side of `init SLOT ~ …`. */
export function initializerOf(c: Checker, expr: DistExpr, given: readonly Given[]): Initializer | null {
  const { text: name, span } = expr.name;
  if (!(initializerNames as readonly string[]).includes(name)) {
    const near = nearest(name, initializerNames);
    c.report(
      'GAN0230',
      span,
      { name, known: initializerNames },
      near ? { help: `did you mean \`${near}\`?`, fix: [{ span, text: near }] } : {},
    );
    return null;
  }
  if (expr.shape !== null) {
    c.report('GAN0234', expr.span, { name });
    return null;
  }
  return initializer(c, name, given, expr.span);
}

function hold(c: Checker, span: Span, what: string, value: number, holds: boolean, rule: string): boolean {
  if (!holds) c.report('GAN0242', span, { what, value, rule });
  return holds;
}

function numericArguments(
  c: Checker,
  name: string,
  formals: readonly Formal[],
  given: readonly Given[],
  span: Span,
): ReadonlyMap<string, number> | null {
  const matched = matchArguments(c, { name, formals }, given, span);
  if (!matched) return null;
  const numbers = new Map<string, number>();
  for (const [key, [argument]] of matched) {
    const value = numberOf(c, argument!.value, argument!.span, of(key, name));
    if (value === null) return null;
    numbers.set(key, value);
  }
  return numbers;
}

function dimensions(
  c: Checker,
  dims: TypeExpr['dims'],
  values: readonly Value[],
  what: string,
): Shape | null {
  // A list stands for several sizes: `draw gumbel[size(logits)]`.
  const sizes = values.flatMap((value, i) => {
    const items =
      value.kind === 'constant' && Array.isArray(value.value)
        ? value.value.map((item): Value => ({ kind: 'constant', value: item }))
        : [value];
    return items.map((item) => ({ value: item, span: dims[i]!.span }));
  });
  const shape = sizes.map(({ value, span }) => integerOf(c, value, span, `a size in ${what}`, 1));
  if (!shape.every((d) => d !== null)) return null;
  if (sizeOf(shape) <= MOST) return shape;
  const [first, last] = [dims[0]!.span, dims.at(-1)!.span];
  c.report('GAN0357', { ...first, end: last.end }, { what: 'one example', shape, count: 1 });
  return null;
}

const meanings: readonly Meaning[] = ['image', 'label', 'sound', 'text'];

/** A type with these sizes; null where it is wrong, which is reported. */
export function typeOf(c: Checker, type: TypeExpr, sizes: readonly Value[]): DeclaredType | null {
  const base = type.base?.text ?? null;
  const meaning = (base ?? 'tensor') as Meaning;
  if (base !== null && !meanings.includes(meaning)) {
    const near = nearest(base, meanings);
    c.report('GAN0231', type.base!.span, { name: base }, didYouMean(near, type.base!.span));
    return null;
  }
  const shape = dimensions(c, type.dims, sizes, base === null ? 'a type' : `\`${base}\``);
  if (!shape) return null;
  const wrong = (rule: string) => {
    c.report('GAN0353', type.span, { name: meaning, shape, rule });
    return null;
  };
  if (meaning === 'image') {
    if (shape.length !== 3) return wrong('height, width and channels: `image[28, 28, 1]`');
    if (![1, 3, 4].includes(shape[2]!))
      return wrong('1 channel (grey), 3 (colour) or 4 (colour and opacity)');
  }
  if (meaning === 'text' && (shape.length !== 2 || shape[1]! < 2))
    return wrong('two sizes, how many characters and of how many symbols: `text[20, 64]`');
  if (meaning === 'label' && shape.length !== 1) return wrong('one number, how many classes: `label[10]`');
  if (meaning === 'sound') {
    if (shape.length === 1) return { meaning, shape: [shape[0]!, 1] };
    if (shape.length !== 2)
      return wrong('the samples, and perhaps the channels: `sound[16_000]`, `sound[16_000, 2]`');
  }
  return { meaning, shape };
}
