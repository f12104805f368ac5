/** Interval analysis: between which bounds a term's values lie, whatever the weights are. */
import type { HostExpr } from '../ir/host.ts';
import type { DeclaredType, Distribution } from '../ir/types.ts';
import type { Model, Term } from '../model/model.ts';
import { addInterval, anything, boundsOf, mulInterval, negInterval, union } from '../ops/interval.ts';
import type { Interval, Operation } from '../ops/record.ts';
import { compositeRange } from './composite-range.ts';
import { inOrder } from './terms.ts';

/** What a declared type promises of its values. */
export function typeRange(type: Pick<DeclaredType, 'meaning'>): Interval {
  switch (type.meaning) {
    case 'image':
    case 'sound':
      return { lo: -1, hi: 1 };
    case 'label':
    case 'text':
      return { lo: 0, hi: 1 };
    case 'tensor':
      return anything;
  }
}

function distributionRange(dist: Distribution): Interval {
  switch (dist.kind) {
    case 'normal':
      return dist.std === 0 ? { lo: dist.mean, hi: dist.mean } : anything;
    case 'uniform':
      return { lo: dist.low, hi: dist.high };
    case 'truncated_normal': {
      const width = dist.bound * dist.std;
      return { lo: dist.mean - width, hi: dist.mean + width };
    }
    case 'gumbel':
      return dist.scale === 0 ? { lo: dist.location, hi: dist.location } : anything;
    case 'bernoulli':
    case 'categorical':
      return { lo: 0, hi: 1 };
  }
}

export class Ranges {
  readonly #model: Model;
  readonly #operations: Readonly<Record<string, Operation>>;
  readonly #known = new Map<Term, Interval>();
  readonly #sources = new Map<string, Interval>();
  readonly #nets;

  constructor(model: Model, operations: Readonly<Record<string, Operation>>) {
    this.#model = model;
    this.#operations = operations;
    this.#nets = new Map(model.nets.map((net) => [net.name, net]));
    for (const record of this.#model.data) {
      for (const field of record.fields) this.#sources.set(field.name, typeRange(field.type));
    }
    for (const noise of this.#model.noise) this.#sources.set(noise.name, distributionRange(noise.dist));
  }

  of(term: Term): Interval {
    const known = this.#known.get(term);
    if (known) return known;
    const open: Term[] = [term];
    // A call needs its net's body first; nets call each other without cycles, so this ends.
    while (open.length > 0) {
      const top = open[open.length - 1]!;
      const order = inOrder([top], (part) => this.#known.has(part));
      const missing = order
        .flatMap((part) => this.#bodyOf(part) ?? [])
        .filter((body) => !this.#known.has(body));
      if (missing.length > 0) {
        open.push(...missing);
        continue;
      }
      for (const part of order) this.#known.set(part, this.#range(part));
      open.pop();
    }
    return this.#known.get(term)!;
  }

  #bodyOf(term: Term): Term | null {
    if (term.kind !== 'result') return null;
    return this.#nets.get(term.call.net)?.bodies.get(term.call.body)?.results[term.index] ?? null;
  }

  #range(term: Term): Interval {
    switch (term.kind) {
      case 'constant':
        return boundsOf(term.value.data);
      case 'host':
        return hostRange(term.expr);
      case 'source':
        return this.#sources.get(term.source) ?? anything;
      case 'draw':
        return distributionRange(term.dist);
      case 'param': {
        const type = this.#nets.get(term.net)?.params[term.index]?.type;
        return type ? typeRange(type) : anything;
      }
      case 'result':
        return this.#known.get(this.#bodyOf(term)!) ?? anything;
      case 'entry':
        return this.#known.get(term.over) ?? anything;
      case 'map':
        return this.#known.get(term.result) ?? anything;
      case 'layer':
      case 'weight':
      case 'grad':
      case 'jvp':
      case 'state':
      // What a loop hands on may grow with each turn.
      case 'turn':
        return anything;
      case 'loop': {
        const { carried, collected } = term.loop;
        const value = carried[term.index]?.next ?? collected[term.index - carried.length];
        return (value && this.#known.get(value)) ?? anything;
      }
      case 'op': {
        const record = this.#operations[term.op];
        const args = term.args.map((arg) => this.#known.get(arg) ?? anything);
        if (record?.kind === 'composite' && !record.range) {
          return compositeRange(this.#operations, term.op, args, term.args, term.attrs);
        }
        if (record?.kind === 'layer' || !record?.range) return anything;
        return record.range(args, term.attrs, term.args);
      }
    }
  }
}

function hostRange(expr: HostExpr): Interval {
  switch (expr.kind) {
    case 'number':
      return { lo: expr.value, hi: expr.value };
    case 'step':
    case 'epoch':
      return { lo: 0, hi: Infinity };
    case 'progress':
      return { lo: 0, hi: 1 };
    case 'if':
      return union(hostRange(expr.then), hostRange(expr.else));
    case 'unary':
      if (expr.op === 'neg') return negInterval(hostRange(expr.operand));
      if (expr.op === 'exp') return { lo: 0, hi: Infinity };
      return anything;
    case 'binary': {
      const left = hostRange(expr.left);
      const right = hostRange(expr.right);
      if (expr.op === 'add') return addInterval(left, right);
      if (expr.op === 'sub') return addInterval(left, negInterval(right));
      if (expr.op === 'mul') return mulInterval(left, right);
      return anything;
    }
  }
}
