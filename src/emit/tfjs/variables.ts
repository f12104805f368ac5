/** What the variables of one emitted function are called, and which weights it reads. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Copy, LeafNode, Node, OpNode } from '../../ir/graph.ts';
import type { Step } from '../../plan/plan.ts';
import { ancestors, reads, walk } from '../../plan/uses.ts';
import { Calls } from './calls.ts';
import type { Constants } from './constants.ts';

/** The variables that hold the copies of the weights: in a phase `w` is the live ones, in an output those it uses. */
const PHASE: Record<Copy, string> = { live: 'w', frozen: 'frozen', averaged: 'averaged', output: 'w' };
const OUTPUT: Record<Copy, string> = { live: 'live', frozen: 'frozen', averaged: 'averaged', output: 'w' };

export class Variables {
  readonly #wanted = new Map<Node, string>();
  readonly #forward: ReadonlySet<Node>;
  readonly #copies: Record<Copy, string>;
  readonly #calls: Calls;
  readonly #constants: Constants;
  readonly #main: string;

  constructor(
    steps: readonly Step[],
    result: { node: Node; name: string } | null,
    names: ReadonlyMap<Node, string>,
    constants: Constants,
    main: string,
  ) {
    this.#copies = result ? OUTPUT : PHASE;
    this.#constants = constants;
    this.#main = main;

    const values: Node[] = result ? [result.node] : [];
    const gradients: Node[] = [];
    for (const step of walk(steps)) {
      if (step.kind === 'log') values.push(step.value);
      if (step.kind === 'move') values.push(...step.values);
      if (step.kind === 'update') gradients.push(...step.gradients);
    }
    this.#forward = ancestors(values);
    this.#calls = new Calls([...values, ...gradients], names, (node) => this.#forward.has(node));
    this.#name(steps);
    for (const [node, name] of names) this.#want(node, name);
    if (result) this.#want(result.node, result.name);
    for (const step of walk(steps)) {
      if (step.kind === 'move') {
        step.values.forEach((node, i) => {
          if (node.kind === 'op') this.#want(node, `${step.stats[i]}${this.#calls.suffix(node)}`);
        });
      }
      if (step.kind === 'log') this.#want(step.value, step.name);
      if (step.kind === 'update') {
        step.gradients.forEach((node, i) => {
          this.#want(node, `${step.weights[i]}_grad`);
        });
      }
    }
  }

  #want(node: Node, name: string): void {
    if (node.kind === 'op') this.#wanted.set(node, name);
  }

  /** A layer's last operation, as it was built, has the layer's name; those before it add theirs. */
  #name(steps: readonly Step[]): void {
    const nodes = new Set<OpNode>();
    for (const step of walk(steps)) {
      if (step.kind === 'fuse') for (const node of step.nodes) nodes.add(node);
      else if (step.kind === 'compute' && step.node.kind === 'op') nodes.add(step.node);
    }
    let last: OpNode | null = null;
    for (const node of [...nodes].sort((p, q) => p.id - q.id)) {
      if (last && last.origin === node.origin && this.isBackward(last) === this.isBackward(node)) {
        this.#wanted.set(last, this.#made(last, `_${last.op}`));
      }
      this.#wanted.set(node, this.#made(node, ''));
      last = node;
    }
  }

  #made(node: OpNode, operation: string): string {
    const back = this.isBackward(node) ? '_back' : '';
    if (node.origin === '') return `${node.op}${back}`;
    return `${node.origin}${back}${operation}${this.#calls.suffix(node)}`;
  }

  wanted(node: Node): string {
    const name = this.#wanted.get(node);
    if (name !== undefined) return name;
    if (node.kind === 'op') return node.op;
    if (node.leaf.kind === 'draw') return node.origin === '' ? 'draw' : node.origin;
    return node.origin === '' ? 'constant' : node.origin;
  }

  /** True for what is computed only for a gradient's sake. */
  isBackward(node: Node): boolean {
    return !this.#forward.has(node);
  }

  isMain(span: Span): boolean {
    return span.file === this.#main;
  }

  copy(copy: Copy): string {
    return this.#copies[copy];
  }

  constant(node: LeafNode): string {
    return this.#constants.name(node);
  }

  /** `{ live: w, frozen }`: what the function takes out of its run; null where it needs no weights. */
  weights(steps: readonly Step[], result: Node | null): string | null {
    const used = new Set<Copy>();
    let states = false;
    const look = (node: Node) => {
      if (node.kind === 'leaf' && node.leaf.kind === 'state') states = true;
      if (node.kind === 'leaf' && (node.leaf.kind === 'weight' || node.leaf.kind === 'stat'))
        used.add(node.leaf.copy);
    };
    for (const step of walk(steps)) reads(step).forEach(look);
    if (result) look(result);
    const fields = [...used].sort().map((copy) => {
      const field = this.#copies === PHASE && copy === 'output' ? 'live' : copy;
      return field === this.#copies[copy] ? field : `${field}: ${this.#copies[copy]}`;
    });
    if (states) fields.push('states');
    return fields.length === 0 ? null : `{ ${fields.join(', ')} }`;
  }
}
