/** The steps of a phase or an output as straight-line tfjs code. */

import type { Span } from '../../diagnostics/diagnostic.ts';
import type { LeafNode, Node } from '../../ir/graph.ts';
import type { HostExpr } from '../../ir/host.ts';
import { partOf, stackedAs } from '../../ir/loops.ts';
import type { OptimizerSpec } from '../../model/model.ts';
import { isNumber } from '../../plan/numbers.ts';
import { type CallStep, type Guard, operandsOf, type Step, turnResults } from '../../plan/plan.ts';
import { isOwned, reads, walk } from '../../plan/uses.ts';
import { fit } from '../text/fit.ts';
import { hostCondition, hostNumber, hostOperand } from '../text/host.ts';
import { access, key, literal, number, Raw, string, type Value } from '../text/literal.ts';
import type { Writer } from '../text/writer.ts';
import { conditionOf, elseOf, guard, headsOf, isTrailing, withoutEarlier } from './blocks.ts';
import { Comments } from './comments.ts';
import type { Formulas } from './formulas.ts';
import type { RoutineTexts } from './routine-text.ts';
import { Values, type ValuesOptions } from './values.ts';

export interface BodyOptions extends ValuesOptions {
  readonly writer: Writer;
  readonly optimizers: ReadonlyMap<string, OptimizerSpec>;
  readonly formulas: Formulas;
  readonly routines: RoutineTexts;
  /** What an output returns. */
  readonly result?: Node;
  /** In a routine: the text of whether it keeps what backward steps read. */
  readonly keep?: string | null;
}

export class Body {
  readonly #o: BodyOptions;
  readonly #values: Values;
  /** Gradients that an update has taken over: the run frees them. */
  readonly #taken = new Set<Node>();
  readonly #comments: Comments;

  constructor(options: BodyOptions) {
    this.#o = options;
    this.#values = new Values(options);
    // A routine says in its documentation what it evaluates.
    const [first] = options.given
      ? options.steps.filter((step) => step.kind === 'fuse' || step.kind === 'compute')
      : [];
    const told = first?.kind === 'fuse' ? first.results[0]! : first?.node;
    const { writer, variables } = options;
    this.#comments = new Comments(writer, variables, told ? variables.evaluation(told) : null);
  }

  print(): void {
    const { result, steps, writer } = this.#o;
    // An output's samples are there from the beginning; a phase binds them where it draws them.
    if (result) this.#bindSources([...walk(steps)].flatMap(reads));
    if (result) writer.blank();
    this.#block(steps);
    if (result) writer.line(`return ${this.#values.tensor(result)};`, result.span);
  }

  /** The variable of a value that is there at the end. */
  nameOf(node: Node): string {
    return this.#values.operand(node);
  }

  #block(steps: readonly Step[]): void {
    const heads = headsOf(steps);
    let headed: Step | null = null;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const head = isTrailing(step) ? null : heads[i]!;
      if (head && head !== headed) this.#comments.heading(head);
      if (head) headed = head;
      if (step.kind === 'when' && step.guard.kind === 'if') i = this.#conditional(steps, i);
      else this.#step(step, steps, i);
    }
  }

  /** Blocks that exclude each other, as one `if … else if … else`. Returns the place of the last. */
  #conditional(steps: readonly Step[], first: number): number {
    let open: string | null = null;
    let before: HostExpr | null = null;
    for (let at = first; ; at++) {
      const { guard, body, span } = steps[at] as When;
      const { condition } = guard as Extract<Guard, { kind: 'if' }>;
      open ??= `if (${hostCondition(condition)}) {`;
      const next: HostExpr | undefined = conditionOf(steps[at + 1]);
      const covered: HostExpr = before
        ? { kind: 'binary', op: 'or', left: before, right: withoutEarlier(condition) }
        : condition;
      const otherwise = next && elseOf(covered, next);
      const close =
        otherwise === undefined
          ? '}'
          : otherwise === null
            ? '} else {'
            : `} else if (${hostCondition(otherwise)}) {`;
      this.#nested(before ? null : open, body, span, close);
      if (otherwise === undefined) return at;
      before = covered;
    }
  }

  #step(step: Step, steps: readonly Step[], at: number): void {
    const { writer } = this.#o;
    switch (step.kind) {
      case 'sample': {
        const count = typeof step.count === 'number' ? `, ${step.count}` : '';
        writer.line(`await run.sample([${step.sources.map(string).join(', ')}]${count});`, step.span);
        this.#bindSamples(step.drawn, steps.slice(at + 1));
        break;
      }
      case 'compute':
        this.#compute(step.node);
        break;
      case 'fuse':
        this.#fuse(step);
        break;
      case 'loop':
        this.#loop(step);
        break;
      case 'free':
        this.#free(steps, at);
        break;
      case 'call':
        this.#call(step);
        break;
      case 'update':
        this.#update(step, steps[at + 1]);
        break;
      case 'clip':
        writer.line(
          step.to.kind === 'norm'
            ? `run.clipNorm(${string(step.net)}, ${hostNumber(step.to.most)});`
            : `run.clip(${string(step.net)}, ${hostNumber(step.to.low)}, ${hostNumber(step.to.high)});`,
          step.span,
        );
        break;
      case 'set':
        this.#bindSources([step.value]);
        this.#give(step.value, (v) => `run.set(${string(step.state)}, ${v})`, step.span);
        break;
      case 'save':
      case 'restore':
        for (const net of step.nets) writer.line(`run.${step.kind}(${string(net)});`, step.span);
        break;
      case 'average':
        writer.line(`run.average(${string(step.net)}, ${hostNumber(step.decay)});`, step.span);
        break;
      case 'move':
        this.#move(step);
        break;
      case 'iterate':
        writer.line(`run.iterate(${[step.kernel, step.u, step.v].map(string).join(', ')});`);
        break;
      case 'log':
        this.#give(step.value, (v) => `run.log(${string(step.name)}, ${v})`);
        break;
      case 'repeat': {
        const i = this.#o.names.fresh('i');
        const open = `for (let ${i} = 1; ${i} <= ${hostOperand(step.count)}; ${i}++) {`;
        this.#nested(open, step.body, step.span);
        break;
      }
      case 'when':
        this.#nested(`if (${guard(step.guard)}) {`, step.body, step.span);
        break;
    }
  }

  /** `const [h] = nn.loop({ turns: 8, carry: [h0] }, (turn, [h$2]) => { … return { next: [h$3] }; });` */
  #loop(step: Extract<Step, { kind: 'loop' }>): void {
    const { writer, names, variables } = this.#o;
    const { node, results, body } = step;
    const { region, args } = node;
    const { carried, scanned } = region;
    this.#bindSources(args);
    this.#comments.of(node);
    const given = args.map((arg) => this.#values.operand(arg));
    const made = results.map((part) => this.#values.bind(part, variables.wanted(part)));
    const lasts = results.filter((part) => stackedAs(region, partOf(part).index) === null);
    const { next, kept } = turnResults(step);
    const axis = (value: Node) => (value.count === null ? 0 : 1);
    const spec: Record<string, Value> = { turns: region.turns };
    if (region.reverse) spec.reverse = true;
    spec.carry = carried.map((_, k) => new Raw(given[k]!));
    if (scanned.length > 0) {
      spec.along = scanned.map((leaf, k) => [new Raw(given[carried.length + k]!), axis(leaf)]);
    }
    if (lasts.length < carried.length) spec.last = lasts.map((part) => partOf(part).index);
    if (kept.length > 0) spec.stack = kept.map(axis);

    const position = names.fresh('turn');
    const scope = new Map<Node, string>([[region.position, position]]);
    const bound = (leaf: LeafNode): string => {
      const name = names.fresh(leaf.origin);
      scope.set(leaf, name);
      return name;
    };
    const states = carried.map(bound);
    const entries = scanned.map(bound);
    const parameters = [
      position,
      `[${states.join(', ')}]`,
      ...(scanned.length > 0 ? [`[${entries.join(', ')}]`] : []),
    ];
    const head = `const [${made.join(', ')}] = nn.loop(`;
    const end = `, (${parameters.join(', ')}) => {`;
    const open = `${head}${literal(spec, 0, head.length + end.length, writer.room)}${end}`;
    this.#values.enter(scope);
    this.#comments.block();
    const print = (): void => {
      this.#block(body);
      // Each tensor of the turn's own is handed over once.
      const handed = new Set<Node>();
      const hand = (value: Node): Raw => {
        const own = scope.has(value) && isOwned(value) && !handed.has(value);
        handed.add(value);
        if (own || isNumber(value)) return new Raw(this.#values.tensor(value));
        return new Raw(`tf.clone(${this.#values.operand(value)})`);
      };
      const gives: Record<string, Value> = { next: next.map(hand) };
      if (kept.length > 0) gives.stack = kept.map(hand);
      writer.line(`return ${literal(gives, 0, 'return ;'.length, writer.room)};`, node.span);
    };
    writer.block(open, '});', print, node.span);
    this.#comments.block();
    this.#values.leave();
  }

  #nested(open: string | null, body: readonly Step[], span: Span, close = '}'): void {
    this.#values.enter();
    this.#comments.block();
    this.#o.writer.block(open, close, () => this.#block(body), span);
    this.#comments.block();
    this.#values.leave();
  }

  #compute(node: Node): void {
    if (node.kind === 'leaf') {
      if (isOwned(node)) this.#makeLeaf(node);
      return;
    }
    if (this.#values.isPart(node)) return;
    this.#bindSources(node.args);
    this.#comments.of(node);
    const name = this.#values.bind(node, this.#o.variables.wanted(node));
    this.#o.writer.line(fit(`const ${name} = ${this.#values.apply(node)};`, this.#o.writer.room), node.span);
  }

  /** A group is a call of its formula: `const y = convRelu(x, w['…'])`, or a list of results. */
  #fuse(step: Extract<Step, { kind: 'fuse' }>): void {
    const { writer, variables, formulas } = this.#o;
    this.#bindSources(operandsOf(step));
    // What a gradient computes again on its way is no evaluation of its own.
    const least = Math.min(...step.results.map((node) => node.derived));
    this.#comments.of(...step.nodes.filter((node) => node.derived >= least));
    const { name, operands } = formulas.of(
      step,
      (node) => numeral(isNumber(node) ? this.#values.operand(node) : ''),
      (node) => variables.isBackward(node),
    );
    const given = operands.map((node) => this.#values.operand(node)).join(', ');
    const results = step.results.map((node) => this.#values.bind(node, variables.wanted(node)));
    const left = results.length === 1 ? results[0]! : `[${results.join(', ')}]`;
    writer.line(fit(`const ${left} = ${name}(${given});`, writer.room), step.results.at(-1)!.span);
  }

  #makeLeaf(node: LeafNode): void {
    const { writer, variables } = this.#o;
    this.#comments.of(node);
    const name = this.#values.bind(node, variables.wanted(node));
    writer.line(fit(`const ${name} = ${this.#values.leafValue(node)};`, writer.room), node.span);
  }

  /** Hands a value to the run, which only reads it. */
  #give(node: Node, call: (operand: string) => string, span = node.span): void {
    const { writer } = this.#o;
    if (isNumber(node))
      writer.line(`tf.tidy(() => ${call(`tf.scalar(${this.#values.operand(node)})`)});`, span);
    else writer.line(`${call(this.#values.operand(node))};`, span);
  }

  /** After `sample x, z`: those of the new samples that are used before they are drawn again. */
  #bindSamples(sources: readonly string[], rest: readonly Step[]): void {
    const found = new Map<string, LeafNode>();
    const open = new Set(sources);
    for (const step of walk(rest)) {
      if (step.kind === 'sample') for (const name of step.drawn) open.delete(name);
      // A loop that draws again reads in its later rounds what it drew itself: it binds that inside.
      if (step.kind === 'repeat') for (const name of drawnIn(step.body)) open.delete(name);
      for (const node of reads(step)) {
        if (node.kind !== 'leaf' || node.leaf.kind !== 'source') continue;
        if (!open.has(node.leaf.name) || this.#values.isBound(node)) continue;
        found.set(node.leaf.name, node);
        open.delete(node.leaf.name);
      }
    }
    this.#destructure(sources.flatMap((name) => found.get(name) ?? []));
  }

  /** Samples drawn elsewhere (in a block around, or in a loop before): bound where they are first needed. */
  #bindSources(nodes: readonly Node[]): void {
    const missing = new Set<LeafNode>();
    for (const node of nodes) {
      if (node.kind === 'leaf' && node.leaf.kind === 'source' && !this.#values.isBound(node))
        missing.add(node);
    }
    this.#destructure([...missing]);
  }

  #destructure(leaves: readonly LeafNode[]): void {
    if (leaves.length === 0) return;
    const fields = leaves.map((node) => {
      const source = (node.leaf as { name: string }).name;
      const name = this.#values.bind(node, source);
      return name === source ? name : `${key(source)}: ${name}`;
    });
    this.#o.writer.line(`const { ${fields.join(', ')} } = run.samples;`, leaves[0]!.span);
  }

  #free(steps: readonly Step[], at: number): void {
    // Consecutive frees are one line; the first of the run prints them all.
    const isFree = (step: Step | undefined, unlessKept: boolean): step is FreeStep =>
      step?.kind === 'free' && (step.unlessKept ?? false) === unlessKept;
    const unlessKept = (steps[at] as FreeStep).unlessKept ?? false;
    if (at > 0 && isFree(steps[at - 1], unlessKept)) return;
    const names: string[] = [];
    for (let i = at; isFree(steps[i], unlessKept); i++) {
      for (const node of (steps[i] as FreeStep).nodes) {
        if (isOwned(node) && !this.#taken.has(node)) names.push(this.#values.operand(node));
      }
    }
    this.#dispose(names, unlessKept ? `if (!${this.#o.keep}) ` : '');
  }

  #dispose(names: readonly string[], condition = ''): void {
    if (names.length === 0) return;
    const { writer } = this.#o;
    if (names.length === 1) {
      writer.line(`${condition}tf.dispose(${names[0]});`);
      return;
    }
    const list = names.map((name) => new Raw(name));
    const around = condition.length + 'tf.dispose();'.length;
    writer.line(`${condition}tf.dispose(${literal(list, 0, around, writer.room)});`);
  }

  /** `const [fake, G_z] = G(run, w, z);`: the value of a net, and the record of what else is read of it. */
  #call(step: CallStep): void {
    const { writer, variables, names } = this.#o;
    const { routine, results, args, keep } = step;
    const { name, run, weights, inputs, fields } = this.#o.routines.of(routine);
    this.#bindSources(args.filter((arg) => arg !== 0));
    this.#comments.call();

    const given: string[] = [
      ...(run ? ['run'] : []),
      ...(weights ? [variables.copy(step.copy ?? 'live')] : []),
    ];
    for (const { params, from } of inputs) {
      const arg = args[params[0]!]!;
      const text = arg === 0 ? '0' : this.#values.operand(arg);
      given.push(
        from
          ? text.slice(
              0,
              text.lastIndexOf(access(this.#o.routines.of(from.routine).fields[from.results[0]!]!)),
            )
          : text,
      );
    }
    if (keep && routine.keeps) given.push('true');

    const value = routine.hasValue ? this.#valueOf(results[0]!, step) : null;
    const rest = routine.hasValue ? 1 : 0;
    const spare: string[] = [];
    let left = value;
    if (results.length > rest) {
      const record = names.fresh(
        `${routine.derived > 0 ? 'd_' : ''}${step.label.replace(/\((.*)\)$/, '_$1')}`,
      );
      results.forEach((node, i) => {
        if (i < rest) return;
        const text = `${record}${access(fields[i]!)}`;
        if (node) this.#values.set(node, text);
        else if (keep || !routine.keeps?.has(routine.results[i]!)) spare.push(text);
      });
      const isIdle = results.every((node, i) => i < rest || node === null);
      left = isIdle && spare.length === 0 ? `[${value}]` : value === null ? record : `[${value}, ${record}]`;
      if (isIdle && spare.length > 1) spare.splice(0, spare.length, record);
    }
    writer.line(fit(`const ${left} = ${name}(${given.join(', ')});`, writer.room));
    this.#dispose(spare);
    if (routine.hasValue && results[0] === null) this.#dispose([value!]);
  }

  #valueOf(node: Node | null, { label }: CallStep): string {
    return node ? this.#values.bind(node, this.#o.variables.wanted(node)) : this.#o.names.fresh(label);
  }

  /** The run takes over the gradients that the plan frees right after the update, and gets copies of the others. */
  #update(step: Extract<Step, { kind: 'update' }>, next: Step | undefined): void {
    const { writer } = this.#o;
    const spec = this.#o.optimizers.get(step.optimizer);
    if (!spec) throw new Error(`no optimiser ${step.optimizer}`);
    this.#bindSources(step.gradients);
    const dying = new Set<Node>(next?.kind === 'free' ? next.nodes : []);
    const gradients: Record<string, Value> = {};
    step.weights.forEach((weight, i) => {
      const node = step.gradients[i]!;
      const taken = isOwned(node) && dying.delete(node);
      if (taken) this.#taken.add(node);
      gradients[weight] = new Raw(
        taken || isNumber(node) ? this.#values.tensor(node) : `tf.clone(${this.#values.operand(node)})`,
      );
    });
    const hyper: Record<string, Value> = {};
    for (const [name, value] of Object.entries(spec.hyper)) {
      hyper[name] = value === null || typeof value === 'boolean' ? value : new Raw(hostNumber(value));
    }
    const name = string(step.optimizer);
    const flat = `run.update(${name}, ${literal(gradients, 0, 0, Infinity)}, ${literal(hyper, 0, 0, Infinity)});`;
    if (flat.length <= writer.room) {
      writer.line(flat, step.span);
      return;
    }
    const open = `run.update(${name}, `;
    const close = `, ${literal(hyper, 0, 0, Infinity)});`;
    writer.line(`${open}${literal(gradients, 0, writer.room, writer.room)}${close}`, step.span);
  }

  #move(step: Extract<Step, { kind: 'move' }>): void {
    const { writer } = this.#o;
    this.#bindSources(step.values);
    const values: Record<string, Value> = {};
    step.stats.forEach((stat, i) => {
      values[stat] = new Raw(this.#values.operand(step.values[i]!));
    });
    const [open, close] = ['run.move(', `, ${number(step.keep)});`];
    writer.line(`${open}${literal(values, 0, open.length + close.length, writer.room)}${close}`);
  }
}

type When = Extract<Step, { kind: 'when' }>;

type FreeStep = Extract<Step, { kind: 'free' }>;

/**
 * A plain number as a formula writes it; null for what has to be handed to it. A count (49 positions) is handed to it too,
 * so that layers of other sizes share the formula.
 */
function numeral(text: string): string | null {
  const isCount = /^-?\d+$/.test(text) && Math.abs(Number(text)) > 2;
  return /^-?[\d.]+(e[-+]?\d+)?$/.test(text) && !isCount ? text : null;
}

/** The sources of which a block draws new samples somewhere. */
function drawnIn(body: readonly Step[]): string[] {
  return [...walk(body)].flatMap((step) => (step.kind === 'sample' ? step.drawn : []));
}
