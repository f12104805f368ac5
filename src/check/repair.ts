/**
 * Looks for the one layer that would have to change so that shapes meet: the way back along the chain of first operands,
 * each layer's window and width tried, and what follows it typed again.
 */
import type { Edit, Span } from '../diagnostics/diagnostic.ts';
import { isProblem } from '../diagnostics/table.ts';
import type { Attr, Attrs, Shape, Shaped } from '../ir/types.ts';
import type { Operation } from '../ops/record.ts';
import { chainOf } from './chain.ts';
import type { Checker } from './context.ts';
import type { LayerTerm, OpTerm, Term } from './model.ts';
import { anyOperation } from './operations.ts';
import type { Application } from './terms.ts';
import { shapedOf, showShape, sizeOf } from './value.ts';

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

const order = ['units', 'filters', 'factor', 'stride', 'padding', 'kernel'];

interface Found {
  readonly term: OpTerm | LayerTerm;
  readonly variant: Variant;
  readonly result: Shape;
}

/** The first change in the chain behind `end` after which `fits` holds of its shape. */
function search(
  c: Checker,
  end: Term,
  wanted: readonly number[],
  fits: (shaped: Shaped) => boolean,
): Found | null {
  const chain = chainOf(end, reach);
  const candidates: { at: number; variant: Variant }[] = [];
  for (const [at, term] of chain.entries()) {
    if ((term.kind !== 'layer' && term.kind !== 'op') || term.args.length === 0 || !c.layouts.has(term))
      continue;
    const signature = recordOf(term)?.signature;
    if (!signature) continue;
    const names = signature.map((p) => p.name);
    for (const variant of variants(names, wanted)) candidates.push({ at, variant });
  }
  candidates.sort((a, b) => order.indexOf(a.variant.argument) - order.indexOf(b.variant.argument));
  for (const { at, variant } of candidates) {
    const shaped = replay(c, chain, at, variant);
    if (shaped && fits(shaped))
      return { term: chain[at] as OpTerm | LayerTerm, variant, result: shaped.shape };
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

/** The shape at the chain's end with one attribute of the term at `at` changed; null where something refuses. */
function replay(c: Checker, chain: readonly Term[], at: number, variant: Variant): Shaped | null {
  let changed: { term: Term; shaped: Shaped } | null = null;
  for (let i = at; i >= 0; i--) {
    const term = chain[i]!;
    const record = recordOf(term);
    const written = c.written.get(term);
    if (!record || !written || (term.kind !== 'op' && term.kind !== 'layer')) return null;
    const attrs: Attrs = i === at ? { ...written, [variant.argument]: variant.value } : written;
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

/** So that a body, which ends at `span`, gives what its net declares. */
export function resultRepair(c: Checker, term: Term, shape: Shape, span: Span): Repair | null {
  const flat = flattening(c, term, shape);
  if (flat) return flat;
  const same = sizeOf(term.shape) === sizeOf(shape);
  const found = same ? null : search(c, term, widths(c, term, shape), ({ shape: s }) => equal(s, shape));
  return found ? describe(c, found) : insertion(term.shape, shape, span);
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
  if (!found) return insertion(argument.shape, shape, span);
  if (inner === argument || argument.kind !== 'result') return describe(c, found);
  const { net } = argument.call;
  const repair = describe(c, found, ` in \`${net}\``);
  return { help: `${repair.help}; the type that \`${net}\` declares then changes too`, fix: [] };
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

/** So that an operation's operands meet. */
export function repairHelp(c: Checker, { record, operands, attrs, name }: Application): Repair | null {
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
