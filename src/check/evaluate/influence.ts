/** Which nets' weights a value depends on: by gradients, or at all. */

import type { NetCall, Term } from '../../model/model.ts';
import { operandsOf, postorder } from '../../model/walk.ts';
import type { Checker } from './context.ts';

/** What a net's result depends on: nets by their weights (its own among them), and its parameters by position. */
interface Dependence {
  readonly nets: ReadonlySet<string>;
  readonly params: ReadonlySet<number>;
}

/** Operations whose gradient is zero everywhere: nothing learns through them. */
const flat = new Set([
  'stop',
  'floor',
  'sign',
  'one_hot',
  'argmax',
  'argmin',
  'argsort',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'not',
]);

/** Whether what is read are the weights that updates move. */
const moves = (variant: NetCall['variant']): boolean => variant === 'self' || variant === 'live';

export class Influence {
  private readonly memo = new Map<string, Dependence>();

  constructor(
    private readonly c: Checker,
    /** 'gradient': through what gradients go back to. 'use': also through `stop` and comparisons. */
    private readonly how: 'gradient' | 'use',
  ) {}

  /** Names of the nets whose own weights the value depends on. */
  netsOf(term: Term): ReadonlySet<string> {
    return this.of([term]).nets;
  }

  private of(roots: readonly Term[]): Dependence {
    const nets = new Set<string>();
    const params = new Set<number>();
    for (const term of postorder(roots, (t) => this.operands(t))) {
      if (term.kind === 'param') params.add(term.index);
      if (term.kind === 'layer' && term.weights.length > 0) nets.add(term.weights[0]!.net);
      if (term.kind === 'weight' && moves(term.variant)) nets.add(term.weight.net);
      if (term.kind !== 'result') continue;
      const { net: own, variant, weights } = term.call;
      if (moves(variant))
        for (const net of this.result(term.call, term.index).nets) if (!weights || net !== own) nets.add(net);
    }
    return { nets, params };
  }

  /** What the value is made of, as far as the dependence goes. */
  operands(term: Term): readonly Term[] {
    switch (term.kind) {
      case 'op':
        return this.how === 'gradient' && flat.has(term.op) ? [] : term.args;
      case 'layer':
        return term.args;
      case 'grad':
      case 'loop':
      case 'jvp':
      case 'entry':
      case 'map':
        return operandsOf(term);
      case 'result': {
        const { params } = this.result(term.call, term.index);
        return [...term.call.args.filter((_, i) => params.has(i)), ...(term.call.weights?.values() ?? [])];
      }
      default:
        return [];
    }
  }

  private result(call: NetCall, index: number): Dependence {
    const key = `${call.net} ${call.body} ${index}`;
    const before = this.memo.get(key);
    if (before) return before;
    // Nets that call each other in a circle have been refused; this only guards against going round.
    this.memo.set(key, { nets: new Set(), params: new Set() });
    const body = this.c.nets.get(call.net)?.bodies.get(call.body);
    const term = body && body !== 'working' ? body.results[index] : undefined;
    const result = term ? this.of([term]) : { nets: new Set<string>(), params: new Set<number>() };
    this.memo.set(key, result);
    return result;
  }
}
