/** The steps of a phase or an output as straight-line tfjs code. */

import type { Span } from '../../diagnostics/diagnostic.ts';
import { countText } from '../../ir/count.ts';
import type { LeafNode, Node, OpNode } from '../../ir/graph.ts';
import type { HostExpr } from '../../ir/host.ts';
import { dependencies, partOf, stackedAs } from '../../ir/loops.ts';
import type { OptimizerSpec } from '../../model/model.ts';
import type { Operation } from '../../ops/record.ts';
import { ARITHMETIC, FUNCTIONS, inlineNumber, isNumber, isOfTurn } from '../../plan/numbers.ts';
import {
  type CallStep,
  type DrawNames,
  type Guard,
  operandsOf,
  type Step,
  turnResults,
} from '../../plan/plan.ts';
import { isOwned, partsOf, reads, walk } from '../../plan/uses.ts';
import { fit } from '../text/fit.ts';
import { hostCondition, hostNumber, hostOperand } from '../text/host.ts';
import { access, key, literal, number, Raw, string, type Value } from '../text/literal.ts';
import type { Names } from '../text/names.ts';
import type { Writer } from '../text/writer.ts';
import type { Formulas } from './formulas.ts';
import type { RoutineTexts } from './routine-text.ts';
import type { Variables } from './variables.ts';

export interface BodyOptions {
  readonly writer: Writer;
  readonly names: Names;
  readonly variables: Variables;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly optimizers: ReadonlyMap<string, OptimizerSpec>;
  readonly formulas: Formulas;
  readonly steps: readonly Step[];
  readonly draws: DrawNames;
  readonly routines: RoutineTexts;
  /** What an output returns. */
  readonly result?: Node;
  /** In a routine: the text of what it is given, and of whether it keeps what backward steps read. */
  readonly given?: ReadonlyMap<Node, string>;
  readonly keep?: string | null;
}

export class Body {
  readonly #o: BodyOptions;
  readonly #parts: ReadonlySet<Node>;
  /** Variables in scope, innermost block last. */
  #scopes: Map<Node, string>[] = [new Map()];
  /** Gradients that an update has taken over: the run frees them. */
  readonly #taken = new Set<Node>();
  /** What the latest comments said, and of what something has been said. */
  #lastComments = new Set<string>();
  /** The evaluation of a net that the lines are under; '' where a formula is part of several, or of none. */
  #evaluation: string | null = null;
  readonly #told = new Set<Node>();

  constructor(options: BodyOptions) {
    this.#o = options;
    this.#parts = partsOf(options.steps);
    for (const [node, text] of options.given ?? []) this.#scopes[0]!.set(node, text);
    // A routine says in its documentation what it evaluates.
    const [first] = options.given
      ? options.steps.filter((step) => step.kind === 'fuse' || step.kind === 'compute')
      : [];
    if (first)
      this.#evaluation = options.variables.evaluation(first.kind === 'fuse' ? first.results[0]! : first.node);
  }

  print(): void {
    const { result, steps, writer } = this.#o;
    // An output's samples are there from the beginning; a phase binds them where it draws them.
    if (result) this.#bindSources([...walk(steps)].flatMap(reads));
    if (result) writer.blank();
    this.#block(steps);
    if (result) writer.line(`return ${this.#tensor(result)};`, result.span);
  }

  /** The variable of a value that is there at the end. */
  nameOf(node: Node): string {
    return this.#operand(node);
  }

  #block(steps: readonly Step[]): void {
    const heads = headsOf(steps);
    let headed: Step | null = null;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const head = isTrailing(step) ? null : heads[i]!;
      if (head && head !== headed) this.#heading(head);
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
        ? { kind: 'binary', op: 'or', left: before, right: own(condition) }
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
    this.#comment(node);
    const given = args.map((arg) => this.#operand(arg));
    const made = results.map((part) => this.#bind(part, variables.wanted(part)));
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
    this.#scopes.push(scope);
    this.#lastComments = new Set();
    const print = (): void => {
      this.#block(body);
      // Each tensor of the turn's own is handed over once.
      const handed = new Set<Node>();
      const hand = (value: Node): Raw => {
        const own = scope.has(value) && isOwned(value) && !handed.has(value);
        handed.add(value);
        if (own || isNumber(value)) return new Raw(this.#tensor(value));
        return new Raw(`tf.clone(${this.#operand(value)})`);
      };
      const gives: Record<string, Value> = { next: next.map(hand) };
      if (kept.length > 0) gives.stack = kept.map(hand);
      writer.line(`return ${literal(gives, 0, 'return ;'.length, writer.room)};`, node.span);
    };
    writer.block(open, '});', print, node.span);
    this.#lastComments = new Set();
    this.#scopes.pop();
  }

  #nested(open: string | null, body: readonly Step[], span: Span, close = '}'): void {
    this.#scopes.push(new Map());
    this.#lastComments = new Set();
    this.#o.writer.block(open, close, () => this.#block(body), span);
    this.#lastComments = new Set();
    this.#scopes.pop();
  }

  #compute(node: Node): void {
    if (node.kind === 'leaf') {
      if (isOwned(node)) this.#makeLeaf(node);
      return;
    }
    if (this.#parts.has(node)) return;
    this.#bindSources(node.args);
    this.#comment(node);
    const name = this.#bind(node, this.#o.variables.wanted(node));
    this.#o.writer.line(fit(`const ${name} = ${this.#apply(node)};`, this.#o.writer.room), node.span);
  }

  /** A group is a call of its formula: `const y = convRelu(x, w['…'])`, or a list of results. */
  #fuse(step: Extract<Step, { kind: 'fuse' }>): void {
    const { writer, variables, formulas } = this.#o;
    this.#bindSources(operandsOf(step));
    // What a gradient computes again on its way is no evaluation of its own.
    const least = Math.min(...step.results.map((node) => node.derived));
    this.#comment(...step.nodes.filter((node) => node.derived >= least));
    const { name, operands } = formulas.of(
      step,
      (node) => numeral(isNumber(node) ? this.#operand(node) : ''),
      (node) => variables.isBackward(node),
    );
    const given = operands.map((node) => this.#operand(node)).join(', ');
    const results = step.results.map((node) => this.#bind(node, variables.wanted(node)));
    const left = results.length === 1 ? results[0]! : `[${results.join(', ')}]`;
    writer.line(fit(`const ${left} = ${name}(${given});`, writer.room), step.results.at(-1)!.span);
  }

  #makeLeaf(node: LeafNode): void {
    const { writer, variables } = this.#o;
    this.#comment(node);
    const name = this.#bind(node, variables.wanted(node));
    writer.line(fit(`const ${name} = ${this.#leafValue(node)};`, writer.room), node.span);
  }

  #leafValue(node: LeafNode): string {
    const { leaf } = node;
    if (leaf.kind === 'draw') {
      const shape = node.count === null ? [...node.shape] : [countOf(node), ...node.shape];
      const dist = leaf.dist as unknown as Value;
      return `run.draw(${this.#place(node)}, ${literal(dist)}, ${literal(shape)})`;
    }
    if (leaf.kind !== 'constant') throw new Error(`${leaf.kind} is no tensor of the step's own`);
    return `tf.tensor(${this.#o.variables.constant(node)}, ${literal(leaf.value.shape as number[])})`;
  }

  /** The name of a draw; in a loop the turns belong to it: `draw_1#0/${turn}`. */
  #place(node: LeafNode): string {
    const name = string(this.#o.draws.get(node)!);
    const turns = dependencies(node).map((turn) => `/\${${this.#operand(turn)}}`);
    return turns.length === 0 ? name : `\`${name.slice(1, -1)}${turns.join('')}\``;
  }

  #apply(node: OpNode): string {
    if (isNumber(node)) return this.#arithmetic(node);
    const record = this.#o.operations[node.op];
    if (record?.kind !== 'primitive') throw new Error(`no lowering for ${node.op}`);
    // Elementwise operations and repetitions take numbers as they are; others get a tensor of a turn's number.
    const wants = record.lower.formula === undefined && !TAKES_NUMBERS.has(node.op);
    const wrapped = wants && node.args.some(isOfTurn);
    const args = node.args.map((arg) =>
      wrapped && isNumber(arg) ? `tf.scalar(${this.#operand(arg)})` : this.#operand(arg),
    );
    const text = record.lower.tfjs(args, node);
    return wrapped ? `tf.tidy(() => ${text})` : text;
  }

  #arithmetic(node: OpNode): string {
    const [a, b] = node.args.map((arg, i) => {
      const text = this.#operand(arg);
      if (node.op === 'maximum' || /^(Math\.\w+|Number)\([^()]*\)$/.test(text)) return text;
      const bare = i === 0 && node.op !== 'neg' ? /^-?[\p{ID_Continue}$.]+$/u : /^[\p{ID_Continue}$.]+$/u;
      return bare.test(text) ? text : `(${text})`;
    });
    if (node.op === 'neg') return `-${a}`;
    const f = FUNCTIONS[node.op];
    if (f) return f(...node.args.map((arg) => this.#operand(arg)));
    return node.op === 'maximum' ? `Math.max(${a}, ${b})` : `${a} ${ARITHMETIC[node.op]} ${b}`;
  }

  /** What stands for a node in an expression. */
  #operand(node: Node): string {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const name = this.#scopes[i]!.get(node);
      if (name !== undefined) return name;
    }
    if (node.kind === 'op' && this.#parts.has(node)) return this.#arithmetic(node);
    if (node.kind === 'op') throw new Error(`${node.op} (${node.origin}) is used before it is computed`);
    const { leaf } = node;
    switch (leaf.kind) {
      case 'constant': {
        const value = inlineNumber(node);
        if (value !== null) return number(value);
        throw new Error(`the constant of ${node.origin} is used before it is made`);
      }
      case 'host':
        return hostNumber(leaf.expr);
      case 'count': {
        const text = countText(leaf.count, 'run.batch');
        return text.includes(' ') ? `(${text})` : text;
      }
      case 'state':
        return `states${access(leaf.name)}`;
      case 'source':
        return `run.samples${access(leaf.name)}`;
      case 'weight':
      case 'stat':
        return `${this.#o.variables.copy(leaf.copy)}[${string(leaf.name)}]`;
      case 'turn':
        throw new Error(`a value of ${leaf.place} is used outside of its loop`);
      case 'draw':
        throw new Error(`the draw ${leaf.place} is used before it is made`);
    }
  }

  /** A tensor that the receiver owns. */
  #tensor(node: Node): string {
    if (isNumber(node)) return `tf.scalar(${this.#operand(node)})`;
    return isOwned(node) ? this.#operand(node) : `tf.clone(${this.#operand(node)})`;
  }

  /** Hands a value to the run, which only reads it. */
  #give(node: Node, call: (operand: string) => string, span = node.span): void {
    const { writer } = this.#o;
    if (isNumber(node)) writer.line(`tf.tidy(() => ${call(`tf.scalar(${this.#operand(node)})`)});`, span);
    else writer.line(`${call(this.#operand(node))};`, span);
  }

  #bind(node: Node, wanted: string): string {
    const name = this.#o.names.fresh(wanted);
    this.#scopes.at(-1)!.set(node, name);
    return name;
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
        if (!open.has(node.leaf.name) || this.#isBound(node)) continue;
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
      if (node.kind === 'leaf' && node.leaf.kind === 'source' && !this.#isBound(node)) missing.add(node);
    }
    this.#destructure([...missing]);
  }

  #destructure(leaves: readonly LeafNode[]): void {
    if (leaves.length === 0) return;
    const fields = leaves.map((node) => {
      const source = (node.leaf as { name: string }).name;
      const name = this.#bind(node, source);
      return name === source ? name : `${key(source)}: ${name}`;
    });
    this.#o.writer.line(`const { ${fields.join(', ')} } = run.samples;`, leaves[0]!.span);
  }

  #isBound(node: Node): boolean {
    return this.#scopes.some((scope) => scope.has(node));
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
        if (isOwned(node) && !this.#taken.has(node)) names.push(this.#operand(node));
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
    if (this.#evaluation !== null) writer.blank();
    this.#evaluation = null;
    this.#lastComments = new Set();

    const given: string[] = [
      ...(run ? ['run'] : []),
      ...(weights ? [variables.copy(step.copy ?? 'live')] : []),
    ];
    for (const { params, from } of inputs) {
      const arg = args[params[0]!]!;
      const text = arg === 0 ? '0' : this.#operand(arg);
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
        if (node) this.#scopes.at(-1)!.set(node, text);
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
    return node ? this.#bind(node, this.#o.variables.wanted(node)) : this.#o.names.fresh(label);
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
        taken || isNumber(node) ? this.#tensor(node) : `tf.clone(${this.#operand(node)})`,
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
      values[stat] = new Raw(this.#operand(step.values[i]!));
    });
    const [open, close] = ['run.move(', `, ${number(step.keep)});`];
    writer.line(`${open}${literal(values, 0, open.length + close.length, writer.room)}${close}`);
  }

  #heading(step: Step): void {
    const { writer } = this.#o;
    if (!('span' in step)) return;
    writer.blank();
    const text = step.kind === 'update' ? step.text : writer.sources.text(step.span).replace(/\s*\{.*$/, '');
    const place = writer.sources.place(step.span);
    const what =
      step.kind === 'when' && step.guard.kind === 'logged' ? 'metrics, at steps that are written down' : text;
    if (what === '' || (step.kind === 'when' && step.guard.kind === 'positive')) return;
    const where = place && what === text ? ` (line ${place.line + 1})` : '';
    writer.comment(`── ${what.replace(/\s+/g, ' ')}${where}`, step.span);
    this.#lastComments = new Set();
    this.#evaluation = null;
  }

  /**
   * The source, where what it says begins: a layer with its arguments, or a whole line outside the nets. A heading says
   * which evaluation of a net follows.
   */
  #comment(...nodes: readonly Node[]): void {
    const { writer, variables } = this.#o;
    const found = new Map<string, { node: Node; where: string; ways: Set<boolean> }>();
    const evaluations = new Set<string | null>();
    for (const node of nodes) {
      const place = writer.sources.place(node.span);
      if (!place || this.#told.has(node) || isNumber(node)) continue;
      this.#told.add(node);
      evaluations.add(variables.evaluation(node));
      const id = `${node.span.file} ${node.origin.includes('/') ? `${node.span.start} ${node.origin}` : place.line}`;
      const where = `${variables.isMain(node.span) ? '' : `${node.span.file} `}line ${place.line + 1}`;
      const known = found.get(id) ?? { node, where, ways: new Set() };
      known.ways.add(node.kind === 'op' && variables.isBackward(node));
      found.set(id, known);
    }
    if (found.size === 0) return;
    const heading = narrowest(evaluations);
    // What does not depend on what a net is given is part of its evaluation all the same.
    const isPart = nodes.every((node) => node.derived === 0) && this.#evaluation?.startsWith(`${heading}(`);
    if (heading !== this.#evaluation && !isPart) {
      writer.blank();
      if (heading) writer.remark(`${heading}:`);
      this.#lastComments = new Set();
    }
    if (!isPart) this.#evaluation = heading;
    const before = this.#lastComments;
    this.#lastComments = new Set();
    for (const [id, { node, where, ways }] of found) {
      // Under a heading it is plain which way it goes.
      const way = heading || !ways.has(true) ? '' : ways.has(false) ? ' and its gradient' : ', its gradient';
      this.#lastComments.add(id + way);
      if (before.has(id + way)) continue;
      const inNet = node.origin.includes('/');
      const text = `${where}${way}: ${inNet ? writer.sources.text(node.span) : writer.sources.line(node.span)}`;
      writer.remark(text, node.span);
    }
  }
}

type When = Extract<Step, { kind: 'when' }>;

function conditionOf(step: Step | undefined): HostExpr | undefined {
  return step?.kind === 'when' && step.guard.kind === 'if' ? step.guard.condition : undefined;
}

/** The condition of an `else if` without what it says of the branches before it. */
function own(condition: HostExpr): HostExpr {
  return condition.kind === 'binary' && condition.op === 'and' ? condition.right : condition;
}

/** What the second block asks besides that the first does not run: null for nothing, undefined where they don't exclude each other. */
function elseOf(first: HostExpr, second: HostExpr): HostExpr | null | undefined {
  const excludes = (expr: HostExpr) =>
    expr.kind === 'unary' && expr.op === 'not' && JSON.stringify(expr.operand) === JSON.stringify(first);
  if (excludes(second)) return null;
  const both = second.kind === 'binary' && second.op === 'and' && excludes(second.left);
  return both ? second.right : undefined;
}

/** Of `gradient of D(x)` and `gradient of D` the first; '' for what belongs to several, or to none. */
function narrowest(evaluations: ReadonlySet<string | null>): string {
  const all = [...evaluations];
  const found = all.find((e) => e && all.every((other) => other === e || e.startsWith(`${other}(`)));
  return found ?? '';
}

type FreeStep = Extract<Step, { kind: 'free' }>;

/**
 * A plain number as a formula writes it; null for what has to be handed to it. A count (49 positions) is handed to it too,
 * so that layers of other sizes share the formula.
 */
function numeral(text: string): string | null {
  const isCount = /^-?\d+$/.test(text) && Math.abs(Number(text)) > 2;
  return /^-?[\d.]+(e[-+]?\d+)?$/.test(text) && !isCount ? text : null;
}

const TAKES_NUMBERS = new Set(['reshape', 'broadcast_to']);

/** The sources of which a block draws new samples somewhere. */
function drawnIn(body: readonly Step[]): string[] {
  return [...walk(body)].flatMap((step) => (step.kind === 'sample' ? step.drawn : []));
}

function countOf(node: Node): Value {
  return typeof node.count === 'string' ? new Raw(countText(node.count, 'run.batch')) : node.count;
}

function guard(g: Guard): string {
  switch (g.kind) {
    case 'every':
      return g.period === 1 ? 'true' : `run.step % ${g.period} === 0`;
    case 'once':
      return 'run.step === 0';
    case 'if':
      return hostCondition(g.condition);
    case 'logged':
      return 'run.logging';
    case 'positive':
      return `${hostOperand(g.count)} >= 1`;
  }
}

/** What a person puts behind the statement before it. */
function isTrailing(step: Step): boolean {
  return step.kind === 'free' || step.kind === 'log';
}

/** For each step the statement for whose sake it is there: itself, or the next one. */
function headsOf(steps: readonly Step[]): (Step | null)[] {
  const heads: (Step | null)[] = [];
  let next: Step | null = null;
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    if (!SERVES.has(step.kind)) next = step;
    heads[i] = next;
  }
  return heads;
}

const SERVES: ReadonlySet<Step['kind']> = new Set([
  'compute',
  'fuse',
  'loop',
  'free',
  'call',
  'log',
  'move',
  'iterate',
]);
