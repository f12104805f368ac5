/**
 * Looks for the one layer that would have to change so that shapes meet: the way back along the chain of first operands,
 * each layer's window and width tried, and what follows it typed again.
 */
import type { Edit, Span } from '../../diagnostics/diagnostic.ts';
import { isProblem } from '../../diagnostics/table.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { Attr, Attrs, Shape, Shaped } from '../../ir/types.ts';
import type { LayerTerm, OpTerm, Term } from '../../model/model.ts';
import { anyOperation } from '../../names/operations.ts';
import type { Operation } from '../../ops/record.ts';
import type { Application } from '../evaluate/application.ts';
import { chainOf } from '../evaluate/chain.ts';
import type { Checker } from '../evaluate/context.ts';
import { shapedOf, showShape } from '../evaluate/value.ts';

export interface Repair {
  readonly help: string;
  readonly fix: readonly Edit[];
}

/** How far back to look: a mistake is seldom further away, and the search stays quick. */
const reach = 24;

interface Variant {
  readonly argument: string;
  readonly value: Attr;
  readonly text: string;
}

/** What may be changed in a layer, the likeliest first. `wanted` are widths that would make sense here. */
function variants(parameters: readonly string[], wanted: readonly number[]): Variant[] {
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const all: Variant[] = [
    ...['units', 'filters'].flatMap((argument) =>
      wanted.map((n) => ({ argument, value: n, text: String(n) })),
    ),
    ...numbers(1, 8).map((n) => ({ argument: 'stride', value: n, text: String(n) })),
    ...numbers(1, 8).map((n) => ({ argument: 'factor', value: n, text: String(n) })),
    ...['same', 'valid'].map((w) => ({ argument: 'padding', value: w, text: `"${w}"` })),
    ...numbers(0, 4).map((n) => ({ argument: 'padding', value: n, text: String(n) })),
    ...numbers(1, 11).map((n) => ({ argument: 'kernel', value: n, text: String(n) })),
  ];
  return all.filter((v) => parameters.includes(v.argument));
}

/** The order in which a practitioner would try: what is 0 first; null: not at all, since it draws a finding of its own. */
function rank(term: OpTerm | LayerTerm, written: Attrs, { argument, value }: Variant): number | null {
  const layer = term.kind === 'layer' ? term.layer : term.op;
  const now = { ...written, [argument]: value };
  const [kernel, stride] = [lengths(now.kernel), lengths(now.stride ?? 1)];
  const each = (f: (k: number, s: number) => boolean) => kernel.some((k, i) => f(k, stride[i] ?? stride[0]!));
  if (argument === 'kernel' || argument === 'stride') {
    // A checkerboard where there was none (GAN0403), and pixels that no window looks at.
    if (layer === 'conv_transpose' && each((k, s) => s > 1 && k % s !== 0)) return null;
    if (layer === 'conv' && each((k, s) => s > k)) return null;
  }
  // The last window of a critic covers what is left of the picture.
  const isWhole = value === term.args[0]?.shape[0];
  if (argument === 'kernel' && layer === 'conv' && written.padding === 'valid' && isWhole) return 1.5;
  const place = ['units', 'filters', 'factor', 'stride', 'padding', 'kernel'].indexOf(argument);
  return argument === 'padding' || argument === 'kernel' || (place >= 2 && Number(value) > 2)
    ? unusual + place
    : place;
}

/** A number, or one for each direction. */
function lengths(value: Attr | undefined): readonly number[] {
  if (typeof value === 'number') return [value];
  return Array.isArray(value) ? (value as number[]) : [];
}

interface Found {
  readonly term: OpTerm | LayerTerm;
  readonly variant: Variant;
  readonly result: Shape;
  readonly rank: number;
}

/** From here on another start of the picture is the better way. */
const unusual = 5;

/** The first change in the chain behind `end` after which `fits` holds of its shape. */
function search(
  c: Checker,
  end: Term,
  wanted: readonly number[],
  fits: (shaped: Shaped) => boolean,
): Found | null {
  const chain = chainOf(end, reach);
  const candidates: { at: number; variant: Variant; rank: number }[] = [];
  for (const [at, term] of chain.entries()) {
    if ((term.kind !== 'layer' && term.kind !== 'op') || term.args.length === 0 || !c.layouts.has(term))
      continue;
    const signature = recordOf(term)?.signature;
    if (!signature) continue;
    const names = signature.map((p) => p.name);
    for (const variant of variants(names, wanted)) {
      const place = rank(term, c.written.get(term) ?? {}, variant);
      if (place !== null) candidates.push({ at, variant, rank: place });
    }
  }
  candidates.sort((a, b) => a.rank - b.rank);
  for (const { at, variant, rank } of candidates) {
    const shaped = replay(c, chain, new Map([[at, { [variant.argument]: variant.value }]]));
    if (shaped && fits(shaped))
      return { term: chain[at] as OpTerm | LayerTerm, variant, result: shaped.shape, rank };
  }
  return null;
}

function recordOf(term: Term): Operation | undefined {
  return term.kind === 'op'
    ? anyOperation(term.op)
    : term.kind === 'layer'
      ? anyOperation(term.layer)
      : undefined;
}

/** The shape at the chain's end with attributes of some of its terms changed; null where something refuses. */
function replay(c: Checker, chain: readonly Term[], changes: ReadonlyMap<number, Attrs>): Shaped | null {
  let changed: { term: Term; shaped: Shaped } | null = null;
  for (let i = Math.max(...changes.keys()); i >= 0; i--) {
    const term = chain[i]!;
    const record = recordOf(term);
    const written = c.written.get(term);
    if (!record || !written || (term.kind !== 'op' && term.kind !== 'layer')) return null;
    const attrs: Attrs = { ...written, ...changes.get(i) };
    const operands: Shaped[] = term.args.map((a) =>
      changed && a === changed.term ? changed.shaped : shapedOf(a),
    );
    const shape = shapeOf(record, operands, attrs);
    if (!shape) return null;
    changed = { term, shaped: { shape, batch: term.batch } };
  }
  return changed?.shaped ?? null;
}

function shapeOf(record: Operation, operands: readonly Shaped[], written: Attrs): Shape | null {
  const attrs = record.resolve ? record.resolve(operands, written) : written;
  if (isProblem(attrs)) return null;
  const shape = record.shape(operands, attrs);
  return isProblem(shape) ? null : shape;
}

/** The stage as it would be written, and the edit that makes it so. */
function describe(c: Checker, { term, variant, result }: Found, where = ''): Repair {
  const layout = c.layouts.get(term)!;
  const { argument, text } = variant;
  const source = c.sources.get(layout.span.file)?.text ?? '';
  const given = layout.arguments.get(argument);
  let edit: Edit;
  if (given) edit = { span: given, text };
  else {
    const close = layout.span.start + source.slice(layout.span.start, layout.span.end).lastIndexOf(')');
    const at = close >= layout.span.start ? close : layout.span.end;
    const point: Span = { ...layout.span, start: at, end: at };
    const empty = source[at - 1] === '(';
    edit =
      close >= layout.span.start
        ? { span: point, text: `${empty ? '' : ', '}${argument} = ${text}` }
        : { span: point, text: `(${argument} = ${text})` };
  }
  const { start, end } = layout.span;
  const stage = (source.slice(start, edit.span.start) + edit.text + source.slice(edit.span.end, end)).replace(
    /\s+/g,
    ' ',
  );
  return { help: `\`${stage}\`${where} would give ${showShape(result)}`, fix: [edit] };
}

/**
 * A generator that grows a picture from a small one starts from another size: `dense(6 * 6 * c) |> reshape(6, 6, c)` for
 * 96×96 by four doublings. What stands between the two must take any width.
 */
function otherStart(c: Checker, end: Term, wanted: Shape, where = ''): Repair | null {
  if (wanted.length !== 3 || end.shape.length !== 3) return null;
  const chain = chainOf(end, reach);
  const at = chain.findIndex(
    (term) => term.kind === 'op' && term.op === 'reshape' && term.shape.length === 3,
  );
  const below = chain.slice(at + 1).findIndex((term) => term.kind === 'layer' && term.layer === 'dense');
  if (at === -1 || below === -1) return null;
  const [start, dense] = [chain[at]!, chain[at + 1 + below]!];
  const [shaped, made] = [c.layouts.get(start), c.layouts.get(dense)];
  const units = made?.arguments.get('units');
  const first = shaped?.arguments.get('shape');
  if (!shaped || !made || !units || !first) return null;
  const [h, w] = [0, 1].map((i) => (start.shape[i]! * wanted[i]!) / end.shape[i]!) as [number, number];
  const grows = [0, 1].some((i) => start.shape[i] !== end.shape[i]);
  if (!grows || !Number.isInteger(h) || !Number.isInteger(w)) return null;
  const channels = start.shape[2]!;
  const result = replay(
    c,
    chain,
    new Map<number, Attrs>([
      [at + 1 + below, { units: h * w * channels }],
      [at, { shape: [h, w, channels] }],
    ]),
  );
  if (!result || !equal(result.shape, wanted)) return null;
  const source = c.sources.get(shaped.span.file)?.text ?? '';
  const close = source.lastIndexOf(')', shaped.span.end - 1);
  const list = source[first.start] === '[' ? `[${h}, ${w}, ${channels}]` : `${h}, ${w}, ${channels}`;
  const fix: Edit[] = [
    { span: units, text: `${h} * ${w} * ${channels}` },
    { span: { ...first, end: source[first.start] === '[' ? first.end : close }, text: list },
  ];
  return {
    help: `start${where} from ${h}×${w}: \`dense(${h} * ${w} * ${channels}) |> reshape(${h}, ${w}, ${channels})\` would give ${showShape(wanted)}`,
    fix,
  };
}

/** So that a body, which ends at `span`, gives what its net declares. */
export function resultRepair(c: Checker, term: Term, shape: Shape, span: Span): Repair | null {
  const flat = flattening(c, term, shape);
  if (flat) return flat;
  const same = sizeOf(term.shape) === sizeOf(shape);
  const found = same ? null : search(c, term, widths(c, term, shape), ({ shape: s }) => equal(s, shape));
  if (found && found.rank < unusual) return describe(c, found);
  return otherStart(c, term, shape) ?? (found ? describe(c, found) : insertion(term.shape, shape, span));
}

/** A `dense` at the end of a critic acts on the last axis alone, where `flatten` was forgotten before it. */
function flattening(c: Checker, end: Term, wanted: Shape): Repair | null {
  if (wanted.length !== 1 || end.shape.length < 2 || end.shape.at(-1) !== wanted[0]) return null;
  const dense = chainOf(end, reach).find((term) => term.kind === 'layer');
  const layout = dense && c.layouts.get(dense);
  if (!layout || dense.layer !== 'dense' || !equal(dense.shape, end.shape)) return null;
  const source = c.sources.get(layout.span.file)?.text ?? '';
  const { start } = layout.span;
  if (!/\|>\s*$/.test(source.slice(0, start))) return null;
  const stage = source.slice(start, layout.span.end).replace(/\s+/g, ' ');
  return {
    help: `\`dense\` acts on the last axis alone: \`flatten |> ${stage}\` would give ${showShape(wanted)}`,
    fix: [{ span: { ...layout.span, end: start }, text: 'flatten |> ' }],
  };
}

/**
 * So that an argument, written at `span`, fits a parameter. `inner` is the term in the body of the net that gave it, if
 * one did.
 */
export function argumentRepair(
  c: Checker,
  inner: Term,
  shape: Shape,
  argument: Term,
  span: Span,
): Repair | null {
  const same = sizeOf(argument.shape) === sizeOf(shape);
  const found = same ? null : search(c, inner, widths(c, inner, shape), ({ shape: s }) => equal(s, shape));
  const outside = inner === argument || argument.kind !== 'result' ? null : argument.call.net;
  const where = outside === null ? '' : ` in \`${outside}\``;
  const start = found && found.rank < unusual ? null : otherStart(c, inner, shape, where);
  const repair = start ?? (found && describe(c, found, where));
  if (!repair) return insertion(argument.shape, shape, span);
  if (outside === null) return repair;
  return { help: `${repair.help}; the type that \`${outside}\` declares then changes too`, fix: [] };
}

/** A stage that would have to be added behind. */
function insertion(found: Shape, wanted: Shape, span: Span): Repair | null {
  const stage = stageBetween(found, wanted);
  if (!stage) return null;
  const at: Span = { ...span, start: span.end };
  return {
    help: `\`|> ${stage}\` behind it would give ${showShape(wanted)}`,
    fix: [{ span: at, text: ` |> ${stage}` }],
  };
}

function stageBetween(found: Shape, wanted: Shape): string | null {
  if (sizeOf(found) === sizeOf(wanted)) {
    if (wanted.length === 0) return 'sum';
    return wanted.length === 1 ? 'flatten' : `reshape(${wanted.join(', ')})`;
  }
  if (found.length !== 3 || wanted.length !== 3 || found[2] !== wanted[2]) return null;
  const [[h, w], [H, W]] = [found as [number, number], wanted as [number, number]];
  if (H % h === 0 && H / h === W / w) return `upsample(${H / h})`;
  if (h % H === 0 && h / H === w / W) return `avg_pool(${h / H})`;
  if (h - H === w - W && (h - H) % 2 === 0) return h > H ? `crop(${(h - H) / 2})` : `pad(${(H - h) / 2})`;
  return null;
}

/**
 * A vector joined to a picture, as a label in a conditional critic, is first spread over it: by a `dense` of its own where
 * weights may stand, else the same at each pixel.
 */
function spread(operands: readonly Term[], spans: readonly Span[], inNet: boolean): Repair | null {
  const picture = operands.find(({ shape }) => shape.length === 3);
  const at = operands.findIndex(({ shape }) => shape.length === 1);
  if (!picture || at === -1 || !spans[at]) return null;
  const [h, w] = picture.shape as [number, number, number];
  const n = operands[at]!.shape[0]!;
  const way = inNet
    ? `dense(${h} * ${w}) |> reshape(${h}, ${w}, 1)`
    : `reshape(1, 1, ${n}) |> upsample([${h}, ${w}])`;
  const what = inNet ? 'a map that is learnt' : 'each of its numbers a map of one value';
  return {
    help: `spread the vector over the picture first, ${what}: \`|> ${way}\``,
    fix: [{ span: { ...spans[at], start: spans[at].end }, text: ` |> ${way}` }],
  };
}

/** So that an operation's operands meet. */
export function repairHelp(c: Checker, application: Application): Repair | null {
  const { record, operands, attrs, name, spans, env } = application;
  const joined = name === 'concat' ? spread(operands, spans, env.frame.net !== null) : null;
  if (joined) return joined;
  for (const [i, operand] of operands.entries()) {
    const others = operands.filter((_, j) => j !== i).map((o) => o.shape);
    const target = name === 'reshape' && Array.isArray(attrs.shape) ? [attrs.shape as number[]] : others;
    if (target.length === 0) continue;
    const wanted = target.flatMap((t) => widths(c, operand, name === 'reshape' ? [sizeOf(t)] : t));
    const fits = (shaped: Shaped): boolean =>
      shapeOf(
        record,
        operands.map((o, j) => (j === i ? shaped : shapedOf(o))),
        attrs,
      ) !== null;
    const found = search(c, operand, wanted, fits);
    if (found) return describe(c, found);
  }
  return null;
}

/** Widths that a layer might be meant to have: the wanted shape's last axis, all of it, or in proportion. */
function widths(c: Checker, term: Term, shape: Shape): number[] {
  const result = new Set<number>();
  if (shape.length > 0) result.add(shape.at(-1)!);
  result.add(sizeOf(shape));
  const ratio = sizeOf(shape) / sizeOf(term.shape);
  for (const t of chainOf(term, reach)) {
    const written = c.written.get(t);
    const width = written?.units ?? written?.filters;
    if (typeof width === 'number' && Number.isInteger(width * ratio)) result.add(width * ratio);
  }
  return [...result];
}

function equal(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
