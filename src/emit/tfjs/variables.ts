/** What the variables of one emitted function are called, and which weights it reads. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Copy, LeafNode, Node, OpNode } from '../../ir/graph.ts';
import { gradientTarget, roleOf } from '../../ir/remarks.ts';
import { Calls } from '../../plan/calls.ts';
import { isNumber } from '../../plan/numbers.ts';
import type { Step } from '../../plan/plan.ts';
import { reads, walk } from '../../plan/uses.ts';
import type { Constants } from './constants.ts';

/** The variables that hold the copies of the weights: in a phase `w` is the live ones, in an output those it uses. */
const PHASE: Record<Copy, string> = { live: 'w', frozen: 'frozen', averaged: 'averaged', output: 'w' };
const OUTPUT: Record<Copy, string> = { live: 'live', frozen: 'frozen', averaged: 'averaged', output: 'w' };
/** A routine is given its weights as `w`. */
const ROUTINE: Record<Copy, string> = { live: 'w', frozen: 'w', averaged: 'w', output: 'w' };

/** The net of a function, and what the only value that it is given is called in its declaration. */
interface Within {
  readonly net: string;
  readonly input: string | null;
}

export class Variables {
  readonly #wanted = new Map<Node, string>();
  readonly #copies: Record<Copy, string>;
  readonly #calls: Calls;
  readonly #constants: Constants;
  readonly #main: string;
  /** `D/` in a function of D, where names need not say so. */
  readonly #within: string;
  readonly #input: string | null;
  readonly #layers = new Map<string, Set<string>>();

  constructor(
    steps: readonly Step[],
    result: { node: Node; name: string } | null,
    names: ReadonlyMap<Node, string>,
    constants: Constants,
    main: string,
    routine: Within | null = null,
  ) {
    this.#copies = routine ? ROUTINE : result ? OUTPUT : PHASE;
    this.#within = routine ? `${routine.net}/` : '';
    this.#input = routine?.input ?? null;
    this.#constants = constants;
    this.#main = main;

    const values: Node[] = result ? [result.node] : [];
    const gradients: Node[] = [];
    for (const step of walk(steps)) {
      if (step.kind === 'log') values.push(step.value);
      if (step.kind === 'move') values.push(...step.values);
      if (step.kind === 'update') gradients.push(...step.gradients);
    }
    if (routine) this.#noteParts(steps);
    this.#calls = new Calls([...values, ...gradients], names, (node) => !this.isBackward(node));
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
          this.#want(node, `d_${step.weights[i]}`);
        });
      }
    }
  }

  #want(node: Node, name: string): void {
    if (node.kind === 'op') this.#wanted.set(node, name);
  }

  /**
   * A layer's last operation, as it was built, has the layer's name; those before it add what they are in it, or their
   * own name. The gradient with respect to `y` is `d_y`.
   */
  #name(steps: readonly Step[]): void {
    const nodes = new Set<OpNode>();
    for (const step of walk(steps)) {
      if (step.kind === 'fuse') for (const node of step.nodes) nodes.add(node);
      else if (step.kind === 'compute' && step.node.kind === 'op') nodes.add(step.node);
      else if (step.kind === 'call' || step.kind === 'loop')
        for (const node of step.results) if (node?.kind === 'op') nodes.add(node);
    }
    // What the source says comes first: its names are those of gradients.
    const inOrder = [...nodes].sort((p, q) => p.derived - q.derived || p.id - q.id);
    let last: OpNode | null = null;
    for (const node of inOrder) {
      if (last && last.origin === node.origin && last.derived === node.derived && !gradientTarget(last)) {
        this.#wanted.set(last, this.#made(last, `_${roleOf(last) ?? last.op}`));
      }
      const role = roleOf(node);
      this.#wanted.set(node, this.#made(node, role === null ? '' : `_${role}`));
      last = node;
    }
  }

  #made(node: OpNode, part: string): string {
    const target = gradientTarget(node);
    if (isNumber(node) && roleOf(node) !== null) return roleOf(node)!;
    if (target !== null) {
      const suffix = target.kind === 'leaf' ? this.#calls.suffix(node) : '';
      return `d_${this.wanted(target)}${suffix}`;
    }
    const role = roleOf(node);
    if (this.#within !== '' && role !== null)
      return `${node.derived > 0 ? 'd_' : ''}${this.#part(node.origin, role)}`;
    const about = `${node.derived > 0 ? 'd_' : ''}${node.origin === '' ? node.op : this.#short(node.origin)}`;
    return `${about}${part}${this.#calls.suffix(node)}`;
  }

  wanted(node: Node): string {
    const name = this.#wanted.get(node);
    if (name !== undefined) return name;
    const isInside = node.origin.startsWith(this.#within) || this.isWeight(node);
    if (this.#input !== null && node.derived === 0 && !isInside) return this.#input;
    if (node.kind === 'op') return this.#made(node, roleOf(node) === null ? '' : `_${roleOf(node)}`);
    const { leaf } = node;
    if (leaf.kind === 'weight' || leaf.kind === 'stat') return this.#short(leaf.name);
    if (leaf.kind === 'source') return leaf.name;
    if (leaf.kind === 'draw') return node.origin === '' ? 'draw' : node.origin;
    return node.origin === '' ? 'constant' : node.origin;
  }

  #short(name: string): string {
    if (this.#within === '' || !name.startsWith(this.#within)) return name;
    const local = name.slice(this.#within.length);
    const slash = local.lastIndexOf('/');
    return slash === -1 ? local : this.#part(name.slice(0, name.lastIndexOf('/')), local.slice(slash + 1));
  }

  /** Which layers have a part of this name (a weight, or what their record calls a value). */
  #noteParts(steps: readonly Step[]): void {
    const note = (part: string, layer: string): void => {
      this.#layers.set(part, (this.#layers.get(part) ?? new Set()).add(layer));
    };
    const seen = new Set<Node>();
    const look = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      const role = roleOf(node);
      if (role !== null && !isNumber(node)) note(role, node.origin);
      if (this.isWeight(node) && node.kind === 'leaf' && 'name' in node.leaf) {
        const { name } = node.leaf;
        note(name.slice(name.lastIndexOf('/') + 1), name.slice(0, name.lastIndexOf('/')));
      }
      const target = gradientTarget(node);
      if (target) look(target);
    };
    for (const step of walk(steps)) {
      reads(step).forEach(look);
      if (step.kind === 'fuse') step.nodes.forEach(look);
      if (step.kind === 'compute') look(step.node);
    }
  }

  /** `mean` of the only layer that has one, `mean_2` of `batch_norm_2`, else `batch_norm_2_mean`. */
  #part(layer: string, part: string): string {
    const layers = [...(this.#layers.get(part) ?? [])];
    if (layers.length === 1) return part;
    const numberIn = (name: string) => /_(\d+)$/.exec(name)?.[1];
    const own = numberIn(layer);
    if (own !== undefined && layers.filter((other) => numberIn(other) === own).length === 1)
      return `${part}_${own}`;
    return `${layer.slice(this.#within.length)}_${part}`;
  }

  isWeight(node: Node): boolean {
    return node.kind === 'leaf' && (node.leaf.kind === 'weight' || node.leaf.kind === 'stat');
  }

  /** True for what is a gradient's. */
  isBackward(node: Node): boolean {
    return node.derived > 0;
  }

  /** `D(x)`, or `gradient of D(x)`: the evaluation that a value is part of; null outside the nets. */
  evaluation(node: Node): string | null {
    const call = this.#calls.call(node);
    return (
      call &&
      `${'gradient of the '.repeat(Math.max(node.derived - 1, 0))}${node.derived > 0 ? 'gradient of ' : ''}${call}`
    );
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
    for (const step of walk(steps)) {
      reads(step).forEach(look);
      if (step.kind === 'call' && step.copy) used.add(step.copy);
    }
    if (result) look(result);
    const fields = [...used].sort().map((copy) => {
      const field = this.#copies === PHASE && copy === 'output' ? 'live' : copy;
      return field === this.#copies[copy] ? field : `${field}: ${this.#copies[copy]}`;
    });
    if (states) fields.push('states');
    return fields.length === 0 ? null : `{ ${fields.join(', ')} }`;
  }
}
