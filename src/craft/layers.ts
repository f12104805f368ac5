/** Rules about layers where they stand: transposed convolutions, and normalisation under a gradient penalty. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { LayerTerm, Model, OpTerm, Term } from '../model/model.ts';
import { inOrder, type Terms, updates, type View, view } from './terms.ts';
import type { Craft } from './view.ts';

export function* unevenTransposed({ all, at }: Craft): Generator<Diagnostic> {
  for (const placed of all) {
    const { term } = placed;
    if (term.kind !== 'layer' || term.layer !== 'conv_transpose') continue;
    const kernels = pair(term.attrs.kernel);
    const strides = pair(term.attrs.stride);
    const axis = kernels.findIndex((kernel, i) => (strides[i] ?? 1) > 1 && kernel % strides[i]! !== 0);
    if (axis === -1) continue;
    const [kernel, stride] = [kernels[axis]!, strides[axis]!];
    const even = Math.max(1, Math.round(kernel / stride)) * stride;
    const other = even > kernel ? even - stride : even + stride;
    const choice = [even, other].filter((k) => k > 0).sort((a, b) => a - b);
    yield diagnose(
      'GAN0403',
      at(placed),
      { kernel, stride },
      { help: `a kernel of ${choice.join(' or ')} covers evenly; or \`upsample(${stride})\`, then \`conv\`` },
    );
  }
}

function pair(attr: unknown): readonly number[] {
  if (typeof attr === 'number') return [attr];
  return Array.isArray(attr) ? (attr as number[]) : [];
}

/** Nets whose gradient at their input stands in a loss: what is called on the way from x to y in `grad(y, x)`. */
export function* batchNormUnderPenalty({ model }: Craft): Generator<Diagnostic> {
  for (const term of inOrder(updates(model).map(({ objective }) => objective))) {
    if (term.kind !== 'grad' || !term.x.batch) continue;
    for (const part of dependents(term.y, term.x)) {
      if (part.kind !== 'result' || part.call.variant !== 'self') continue;
      for (const { layer, net } of batchNorms(part.call.net, part.call.body)) {
        yield diagnose(
          'GAN0404',
          layer.span,
          { net },
          {
            labels: [{ span: term.span, text: 'the gradient that is penalised' }],
            help: 'use `layer_norm`, which looks at one example only, or no normalisation here',
          },
        );
      }
    }
  }

  function batchNorms(net: string, body: string): { layer: LayerTerm; net: string }[] {
    const found = new Map<Term, { layer: LayerTerm; net: string }>();
    const open = [{ net, body }];
    const seen = new Set<string>();
    for (let top = open.pop(); top; top = open.pop()) {
      const key = `${top.net} ${top.body}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const results = model.nets.find(({ name }) => name === top!.net)?.bodies.get(top.body)?.results ?? [];
      for (const term of inOrder(results)) {
        if (term.kind === 'layer' && term.layer === 'batch_norm')
          found.set(term, { layer: term, net: top.net });
        if (term.kind === 'result') open.push({ net: term.call.net, body: term.call.body });
      }
    }
    return [...found.values()];
  }
}

/** The norm of a picture's gradient at each pixel apart: a picture is one example, and has one slope. */
export function* normOfPixels({ model, terms, at }: Craft): Generator<Diagnostic> {
  const owners = new Map(updates(model).flatMap((u) => inOrder([u.objective]).map((term) => [term, u.span])));
  for (const [term, owner] of owners) {
    if (term.kind !== 'op' || (term.op !== 'norm' && term.op !== 'sqrt') || !(sizeOf(term.shape) > 1))
      continue;
    // √(Σg² + ε) is a norm too.
    const under = term.op === 'sqrt' ? terms.through(view(term.args[0]!)).term : term;
    const parts = under.kind === 'op' && under.op === 'add' ? under.args : [under];
    const sum = parts.find((part) => part.kind === 'op' && (part === term || part.op === 'sum')) as OpTerm;
    const inner = sum && terms.through(view(sum.args[0]!)).term;
    const gradient = inner?.kind === 'op' && inner.op === 'square' ? inner.args[0]! : inner;
    if (gradient?.kind !== 'grad' || gradient.shape.length !== 3) continue;
    yield diagnose(
      'GAN0413',
      at({ term, owner }),
      { shape: term.shape },
      { help: 'leave the axis out: `norm(grad(…))` is one number for each example' },
    );
  }
}

/**
 * A penalty on the line between two examples, whose place on the line is drawn for each number apart: `t * a + (1 - t) * b`
 * or `b + t * (a - b)` with a `t` of many numbers. A mask of zeros and ones mixes pixels on purpose.
 */
export function* mixedPixels({ model, terms, at }: Craft): Generator<Diagnostic> {
  const owners = new Map(updates(model).flatMap((u) => inOrder([u.objective]).map((term) => [term, u.span])));
  for (const [term, owner] of owners) {
    if (term.kind !== 'grad') continue;
    const drawn = mixingFactor(model, terms, term.x);
    if (!drawn || drawn.shape.every((d) => d === 1)) continue;
    yield diagnose(
      'GAN0412',
      at({ term: drawn, owner }),
      { shape: drawn.shape },
      {
        labels: [{ span: at({ term, owner }), text: 'the gradient that is penalised' }],
        help: `draw one number for each example: \`uniform(0, 1)[${drawn.shape.map(() => 1).join(', ')}]\``,
      },
    );
  }
}

/** The draw or noise `t`, where the value is a mixture of two others by it. */
function mixingFactor({ noise }: Model, terms: Terms, mixed: Term): Term | null {
  const sum = terms.op(view(mixed), 'add');
  if (!sum) return null;
  const isUniform = (t: Term) =>
    (t.kind === 'draw' && t.dist.kind === 'uniform') ||
    (t.kind === 'source' && noise.some(({ name, dist }) => name === t.source && dist.kind === 'uniform'));
  const [left, right] = sum.term.args.map((arg) => view(arg, sum.frame)) as [View, View];
  const factors = (of: View): View[] =>
    terms.op(of, 'mul')?.term.args.map((arg) => view(arg, of.frame)) ?? [];
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    for (const factor of factors(one)) {
      const t = terms.through(factor).term;
      if (!isUniform(t)) continue;
      const complement = factors(other).some((f) => {
        const rest = terms.oneMinus(f);
        return rest !== null && terms.through(rest).term === t;
      });
      const way = factors(one).some((f) => {
        const difference = terms.op(f, 'sub');
        const from = difference?.term.args[1];
        return (
          from !== undefined &&
          terms.through(view(from, difference!.frame)).term === terms.through(other).term
        );
      });
      if (complement || way) return t;
    }
  }
  return null;
}

/** The terms of y that x flows into. */
function dependents(y: Term, x: Term): Set<Term> {
  const found = new Set<Term>([x]);
  for (const term of inOrder([y])) {
    const args = term.kind === 'result' ? term.call.args : 'args' in term ? term.args : [];
    if (args.some((arg) => found.has(arg))) found.add(term);
  }
  return found;
}
