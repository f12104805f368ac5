/** Rules that come from interval analysis: values off their declared range, and functions at their singular points. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import { Holds } from '../model/holds.ts';
import type { Term } from '../model/model.ts';
import type { Interval } from '../ops/record.ts';
import { typeRange } from './ranges.ts';
import { contains, inOrder, updates, type View, view } from './terms.ts';
import type { Craft } from './view.ts';

const near = (a: number, b: number) => a === b || Math.abs(a - b) <= 1e-6;

export function* declaredRanges({ model, ranges, terms }: Craft): Generator<Diagnostic> {
  for (const net of model.nets) {
    for (const body of net.bodies.values()) {
      for (const [i, { name, type }] of net.results.entries()) {
        const result = body.results[i];
        if (!result || type.meaning === 'tensor') continue;
        const is = ranges.of(result);
        const means = typeRange(type);
        if (near(is.lo, means.lo) && near(is.hi, means.hi)) continue;
        const last = terms.through(view(result)).term;
        const what = name === null ? net.name : `${net.name}(…).${name}`;
        yield diagnose(
          'GAN0401',
          last.span.file === net.span.file ? last.span : net.span,
          { net: what, type: type.meaning, is, means },
          { help: wayOut(type.meaning, is, last.kind === 'op' ? last.op : '') },
        );
      }
    }
  }
}

function wayOut(meaning: 'image' | 'sound' | 'label' | 'text', is: Interval, op: string): string {
  if (meaning === 'label' || meaning === 'text')
    return 'end it with `softmax`; logits are a plain tensor: declare their shape alone';
  if (op === 'sigmoid') return 'end it with `tanh`, or stretch it: `2 * sigmoid(…) - 1`';
  if (near(is.lo, 0) && near(is.hi, 1)) return 'stretch it: `2 * … - 1`';
  return 'end it with `tanh`; what is no picture, logits say, is a plain tensor: declare its shape alone';
}

export function* logOfZero({ all, at, positive, ranges, terms }: Craft): Generator<Diagnostic> {
  for (const placed of all) {
    const { term } = placed;
    if (term.kind !== 'op' || term.op !== 'log') continue;
    const range = ranges.of(term.args[0]!);
    if (positive.is(term.args[0]!)) continue;
    if (isStableLog(view(term.args[0]!))) continue;
    yield diagnose(
      'GAN0402',
      at(placed),
      { range },
      {
        help: 'keep it away from 0, `log(… + 1e-8)`, or write the loss on logits: `softplus(-a)` is −log(sigmoid(a))',
      },
    );
  }

  /** The forms that the compiler rewrites; it sees through calls, since nets are inlined before. */
  function isStableLog(argument: View): boolean {
    if (terms.op(argument, 'sigmoid', 'softmax', 'exp')) return true;
    const complement = terms.oneMinus(argument);
    if (complement && terms.op(complement, 'sigmoid')) return true;
    const sum = terms.op(argument, 'sum', 'mean');
    return sum !== null && terms.op(view(sum.term.args[0]!, sum.frame), 'exp') !== null;
  }
}

export function* sqrtOfZero({ all, at, model, ranges, terms }: Craft): Generator<Diagnostic> {
  const nets = new Map(model.nets.map((net) => [net.name, net]));
  const slopes = new Holds((call) => nets.get(call.net)!.bodies.get(call.body)!, isLearnt);
  // `grad` asks for slopes by values that are not learnt.
  const asked = new Set(all.flatMap(({ term }) => (term.kind === 'grad' ? [term.x] : [])));
  const hasSlope = (term: Term) => slopes.in([term]) || contains(term, (part) => asked.has(part));
  // A metric or an output has no slope.
  const learnt = new Set(inOrder(updates(model).map(({ objective }) => objective)));
  const values = new Set(inOrder(model.values.map((value) => value.term)));
  for (const placed of all) {
    const { term } = placed;
    if (term.kind !== 'op' || term.op !== 'sqrt' || (values.has(term) && !learnt.has(term))) continue;
    const argument = view(term.args[0]!);
    const range = ranges.of(term.args[0]!);
    if (range.lo > 0 || !hasSlope(term)) continue;
    // A number of the schedule has no gradient; √(v²) is |v| and √Σv² is the norm, whose slopes are mended.
    if (terms.through(argument).term.kind === 'host') continue;
    const sum = terms.op(argument, 'sum');
    if (isSquare(sum ? view(sum.term.args[0]!, sum.frame) : argument)) continue;
    yield diagnose('GAN0408', at(placed), { range }, { help: 'keep it away from 0: `sqrt(… + 1e-8)`' });
  }

  function isSquare(of: View): boolean {
    if (terms.op(of, 'square')) return true;
    const power = terms.op(of, 'pow');
    const exponent = power?.term.args[1];
    return exponent?.kind === 'constant' && exponent.value.data.every((value) => value === 2);
  }
}

/** A weight, or what may be made of one: the parameter of a net. */
function isLearnt(term: Term): boolean {
  return term.kind === 'layer' || term.kind === 'param';
}
