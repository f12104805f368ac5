/** A Model as text, for `--emit model` and for tests: every value on a line of its own, in the order of its making. */

import type { HostExpr } from '../ir/host.ts';
import type { Attr, Attrs, DeclaredType, Distribution, Initializer } from '../ir/types.ts';
import type {
  Action,
  Bounds,
  DataReading,
  Model,
  Net,
  NetBody,
  OptimizerSpec,
  SetAction,
  StateSpec,
  Term,
  UpdateAction,
} from './model.ts';
import { showConstant, showNumber, showShape } from './show.ts';
import { postorder } from './walk.ts';

export function printModel(model: Model): string {
  const updates = model.phases.flatMap((phase) => updatesOf(phase.body));
  const sets = model.phases.flatMap((phase) => setsOf(phase.body));
  const numbers = new Map<UpdateAction | SetAction, string>([
    ...updates.map((u, i) => [u, `objective ${i + 1}`] as const),
    ...sets.map((s, i) => [s, `value ${i + 1}`] as const),
  ]);
  const sections: string[][] = [
    [`model ${model.name}`],
    model.params.map((p) => `param ${p.name} = ${showConstant(p.value)}`),
    model.data.map((record) => {
      const fields = record.fields.map((f) => `${f.name}: ${showType(f.type)}`);
      const from = record.from === null ? '' : ` from ${JSON.stringify(record.from)}`;
      return `data ${fields.join(', ')}${from}${showReading(record.reading)}`;
    }),
    model.states.map(printState),
    model.noise.map((n) => `noise ${n.name}: ${showDistribution(n.dist)}${showShape(n.shape)}`),
    ...model.nets.map(printNet),
    printTerms([
      ...model.values.map((v): [string, Term] => [
        `${v.kind} ${v.name}${v.meaning === 'tensor' ? '' : `: ${v.meaning}`}`,
        v.term,
      ]),
      ...updates.map((u): [string, Term] => [numbers.get(u)!, u.objective]),
      ...sets.map((s): [string, Term] => [numbers.get(s)!, s.value]),
    ]),
    model.optimizers.map((o) => `optimizer ${o.name} = ${showOptimizer(o)}`),
    ...model.phases.map((phase) => {
      const limit = phase.steps === null ? `epochs = ${phase.epochs}` : `steps = ${phase.steps}`;
      return [
        `phase ${phase.name} (batch = ${phase.batch}, ${limit}) {`,
        ...phase.body.flatMap((a) => printAction(a, numbers)).map((line) => `  ${line}`),
        '}',
      ];
    }),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function printState({ name, shape, count, start }: StateSpec): string {
  if (start.kind === 'value')
    return `state ${name}: ${showShape(shape)} = ${[...start.value.data.slice(0, 8)].map(showNumber).join(', ')}`;
  const own = count === 'batch' ? '' : `${count} of `;
  return `state ${name}: ${own}${showDistribution(start.dist)}${showShape(shape)}`;
}

function showReading(reading: DataReading | null): string {
  if (reading === null) return '';
  const args = Object.entries(reading).map(([name, value]) => `${name} = ${showConstant(value)}`);
  return ` (${args.join(', ')})`;
}

function printNet(net: Net): string[] {
  const params = net.params.map((p) => `${p.name}: ${showType(p.type)}`);
  const [only] = net.results;
  const results =
    net.results.length === 1 && only!.name === null
      ? showType(only!.type)
      : `(${net.results.map((r) => `${r.name}: ${showType(r.type)}`).join(', ')})`;
  const lines = [
    `net ${net.name}(${params.join(', ')}) -> ${results}${net.from === null ? '' : ` from ${JSON.stringify(net.from)}`}`,
  ];
  for (const w of net.weights)
    lines.push(`  weight ${w.name} ${showShape(w.shape)} ~ ${showInitializer(w.init)}`);
  for (const s of net.stats) lines.push(`  stat ${s.name} ${showShape(s.shape)} = ${s.init}`);
  if (net.calls.length > 0) lines.push(`  calls ${net.calls.join(', ')}`);
  for (const [key, body] of net.bodies) lines.push(...printBody(net, key, body));
  return lines;
}

function printBody(net: Net, key: string, body: NetBody): string[] {
  const names = net.params.map((p, i) => `${p.name} ${key[i] === 'e' ? 'per example' : 'whole'}`);
  const results = body.results.map((term, i): [string, Term] => [net.results[i]?.name ?? 'result', term]);
  return [`  body (${names.join(', ')})`, ...printTerms(results).map((line) => `  ${line}`)];
}

/** The terms behind the roots, numbered, then which of them the roots are. */
function printTerms(roots: readonly (readonly [string, Term])[]): string[] {
  const ids = new Map<Term, string>();
  const lines: string[] = [];
  for (const term of postorder(roots.map(([, t]) => t))) {
    const leaf = leafText(term);
    if (leaf !== null) {
      ids.set(term, leaf);
      continue;
    }
    const id = `%${lines.length + 1}`;
    ids.set(term, id);
    const name = term.name === null ? '' : `  // ${term.name}`;
    lines.push(`  ${id}: ${showTermType(term)} = ${termText(term, (t) => ids.get(t) ?? '?')}${name}`);
  }
  return [...lines, ...roots.map(([name, term]) => `  ${name} = ${ids.get(term)}`)];
}

function leafText(term: Term): string | null {
  switch (term.kind) {
    case 'param':
    case 'source':
      return term.name ?? (term.kind === 'source' ? term.source : `param ${term.index}`);
    case 'state':
      return term.state;
    case 'turn':
      return term.name ?? `turn of ${term.place}`;
    case 'weight':
      return `${term.weight.name}${term.variant === 'self' ? '' : `.${term.variant}`}`;
    case 'constant': {
      const numbers = [...term.value.data.slice(0, 8)].map(showNumber);
      if (term.shape.length === 0) return numbers[0]!;
      return `constant${showShape(term.shape)}{${numbers.join(', ')}${term.value.data.length > 8 ? ', …' : ''}}`;
    }
    case 'host':
      return `host(${showHost(term.expr)})`;
    default:
      return null;
  }
}

function termText(term: Term, id: (t: Term) => string): string {
  switch (term.kind) {
    case 'op':
      return `${term.op}(${term.args.map(id).join(', ')})${showAttrs(term.attrs)}${term.place === null ? '' : ` at ${term.place}`}`;
    case 'layer':
      return `${term.layer}(${term.args.map(id).join(', ')})${showAttrs(term.attrs)} as ${term.path}`;
    case 'result': {
      const { net, variant, args, body, weights } = term.call;
      const given = [...(weights ?? [])].map(([name, t]) => `, ${name} = ${id(t)}`).join('');
      const index = term.index === 0 ? '' : ` result ${term.index}`;
      return `call ${net}${variant === 'self' ? '' : `.${variant}`}(${args.map(id).join(', ')}${given}) body "${body}"${index}`;
    }
    case 'draw':
      return `draw ${showDistribution(term.dist)} at ${term.place}`;
    case 'grad':
      return `grad(${id(term.y)}, ${id(term.x)})`;
    case 'loop': {
      const { turns, carried, scanned, collected } = term.loop;
      const parts = [
        ...carried.map(({ start, turn, next }) => `${id(turn)} from ${id(start)} to ${id(next)}`),
        ...scanned.map(({ sequence, turn }) => `${id(turn)} of ${id(sequence)}`),
        ...collected.map((value) => `keeping ${id(value)}`),
      ];
      const index = term.index === 0 ? '' : ` result ${term.index}`;
      return `loop ${turns} (${parts.join(', ')})${index}`;
    }
    case 'entry':
      return `entry of ${id(term.over)}`;
    case 'map':
      return `map(${id(term.result)} for ${id(term.entry)})`;
    case 'jvp':
      return `jvp(${id(term.y)}, (${term.xs.map(id).join(', ')}), (${term.vs.map(id).join(', ')}))`;
    default:
      return leafText(term) ?? '?';
  }
}

function showTermType(term: Term): string {
  return `${term.batch ? 'per example ' : ''}${showShape(term.shape)}`;
}

function showAttrs(attrs: Attrs): string {
  const entries = Object.entries(attrs).filter(([, value]) => value !== null);
  return entries.length === 0 ? '' : ` {${entries.map(([k, v]) => `${k}: ${showAttr(v)}`).join(', ')}}`;
}

function showAttr(value: Attr): string {
  if (typeof value === 'number') return showNumber(value);
  if (Array.isArray(value)) return `[${value.map(showAttr).join(', ')}]`;
  return JSON.stringify(value);
}

function showType(type: DeclaredType): string {
  return `${type.meaning === 'tensor' ? '' : type.meaning}${showShape(type.shape)}`;
}

function showDistribution(dist: Distribution): string {
  const { kind, ...numbers } = dist;
  const values = Object.values(numbers as Record<string, number>);
  return values.length === 0 ? kind : `${kind}(${values.map(showNumber).join(', ')})`;
}

function showInitializer(init: Initializer): string {
  const { kind, ...numbers } = init;
  const values = Object.values(numbers as Record<string, number>);
  return values.length === 0 ? kind : `${kind}(${values.map(showNumber).join(', ')})`;
}

function showOptimizer({ rule, hyper }: OptimizerSpec): string {
  const values = Object.entries(hyper)
    .filter(([, v]) => v !== null)
    .map(([k, v]) => `${k} = ${typeof v === 'object' && v !== null ? showHost(v) : v}`);
  return `${rule}(${values.join(', ')})`;
}

const signs: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  pow: '^',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  and: '&&',
  or: '||',
};

export function showHost(expr: HostExpr): string {
  switch (expr.kind) {
    case 'number':
      return showNumber(expr.value);
    case 'unary':
      return expr.op === 'neg' ? `-${showHost(expr.operand)}` : `${expr.op}(${showHost(expr.operand)})`;
    case 'binary': {
      const sign = signs[expr.op];
      const [l, r] = [showHost(expr.left), showHost(expr.right)];
      return sign ? `(${l} ${sign} ${r})` : `${expr.op}(${l}, ${r})`;
    }
    case 'if':
      return `(if ${showHost(expr.condition)} then ${showHost(expr.then)} else ${showHost(expr.else)})`;
    default:
      return expr.kind;
  }
}

function showBounds(to: Bounds): string {
  return to.kind === 'norm' ? `norm ${showHost(to.most)}` : `[${showHost(to.low)}, ${showHost(to.high)}]`;
}

function updatesOf(actions: readonly Action[]): UpdateAction[] {
  return actions.flatMap((a) =>
    a.kind === 'update' ? [a] : a.kind === 'together' ? [...a.updates] : 'body' in a ? updatesOf(a.body) : [],
  );
}

function setsOf(actions: readonly Action[]): SetAction[] {
  return actions.flatMap((a) => (a.kind === 'set' ? [a] : 'body' in a ? setsOf(a.body) : []));
}

function printAction(action: Action, numbers: ReadonlyMap<UpdateAction | SetAction, string>): string[] {
  const block = (head: string, body: readonly Action[]) => [
    `${head} {`,
    ...body.flatMap((a) => printAction(a, numbers)).map((line) => `  ${line}`),
    '}',
  ];
  switch (action.kind) {
    case 'sample':
      return [`sample ${action.count === null ? '' : `${action.count} of `}${action.sources.join(', ')}`];
    case 'update': {
      const losses = action.losses.length === 0 ? '' : `  // logs ${action.losses.join(', ')}`;
      return [
        `update ${action.nets.join(', ')} to ${action.direction} ${numbers.get(action)} with ${action.optimizer}${losses}`,
      ];
    }
    case 'together':
      return [
        'together {',
        ...(action.restored.length > 0 ? [`  restore ${action.restored.join(', ')}`] : []),
        ...action.updates.flatMap((a) => printAction(a, numbers)).map((line) => `  ${line}`),
        '}',
      ];
    case 'repeat':
      return block(`repeat ${showHost(action.count)}`, action.body);
    case 'every':
      return block(`every ${action.period}`, action.body);
    case 'once':
      return block('once', action.body);
    case 'set': {
      return [`set ${action.state} to ${numbers.get(action)}`];
    }
    case 'save':
    case 'restore':
      return [`${action.kind} ${action.nets.join(', ')}`];
    case 'if':
      return block(`if ${showHost(action.condition)}`, action.body);
    case 'clip':
      return [`clip ${action.net} to ${showBounds(action.to)}`];
    case 'average':
      return [`average ${action.net} decay ${showHost(action.decay)}`];
  }
}
