/**
 * Gathers elementwise operations, sums and means into groups. A group is computed in one pass over memory where a backend
 * can, and is one formula in emitted code; values that nothing outside the group needs are never stored. The plan decides
 * this once, for every backend.
 */
import type { Node, OpNode } from '../ir/graph.ts';
import {
  type Group,
  groupOf,
  isElementwise,
  mayJoin,
  type Operations,
  reducedBy,
  sameForm,
} from './group.ts';
import { isMade } from './place.ts';
import type { Step } from './plan.ts';

/**
 * The steps of one block with its groups gathered. A group waits until something else needs one of its values or changes
 * what it reads; so its place is a later one than its first operation's, never an earlier one. `kept` outlive the block.
 */
export function fuse(
  steps: readonly Step[],
  usedBy: (step: Step) => readonly Node[],
  operations: Operations,
  kept: ReadonlySet<Node> = new Set(),
): Step[] {
  const readers = new Map<Node, Set<Node | Step>>();
  for (const step of steps) {
    const reader = step.kind === 'compute' ? step.node : step;
    for (const node of usedBy(step)) {
      const set = readers.get(node);
      if (set) set.add(reader);
      else readers.set(node, new Set([reader]));
    }
  }
  const computed = new Set(steps.flatMap((step) => (step.kind === 'compute' ? [step.node] : [])));
  const fusing = new Fusing(readers, computed, operations, kept);
  let segment: Node[] = [];
  const close = (): void => {
    fusing.segment(segment);
    segment = [];
  };
  for (const step of steps) {
    if (step.kind === 'compute') {
      segment.push(step.node);
      continue;
    }
    close();
    if (step.kind === 'log') for (const node of usedBy(step)) fusing.flush(node);
    else fusing.flushAll();
    fusing.result.push(step);
  }
  close();
  fusing.flushAll();
  return fusing.result;
}

/**
 * What is smaller than that which it is made from moves to right behind it: reductions over the batch, and whole values
 * that are the last to read another (the sum of two gradients). There is its group, and memory gets free.
 */
function early(
  nodes: readonly Node[],
  operations: Operations,
  isLast: (reader: OpNode, node: Node) => boolean,
): Node[] {
  const missing = new Map<Node, number>();
  const waiting = new Map<Node, OpNode[]>();
  const inside = new Set(nodes);
  for (const node of nodes) {
    if (node.kind !== 'op' || node.count !== null) continue;
    const args = new Set(node.args.filter((arg) => inside.has(arg)));
    const shrinks = isElementwise(node, operations)
      ? [...args].some((arg) => isLast(node, arg))
      : reducedBy(node, operations) !== null;
    if (!shrinks || args.size === 0) continue;
    missing.set(node, args.size);
    for (const arg of args) {
      const others = waiting.get(arg);
      if (others) others.push(node);
      else waiting.set(arg, [node]);
    }
  }
  const result: Node[] = [];
  for (const node of nodes) {
    if (missing.has(node)) continue;
    result.push(node);
    // What a value lets go follows it at once, before what waits for the one before: a way down, in a loop.
    const way = [waiting.get(node)?.values()];
    while (way.length > 0) {
      const next = way.at(-1)?.next();
      if (!next || next.done) {
        way.pop();
        continue;
      }
      const left = missing.get(next.value)! - 1;
      missing.set(next.value, left);
      if (left > 0) continue;
      result.push(next.value);
      way.push(waiting.get(next.value)?.values());
    }
  }
  return result;
}

/** Cheap enough to be done again rather than stored. */
const CHEAP = new Set(['add', 'sub', 'mul']);

/**
 * Groups that wait at the same time; the oldest goes when there is one more. Each new operation is held against all of
 * them, so this keeps planning linear. No published model has a dozen.
 */
const MOST_WAITING = 64;

type Reader = Node | Step;

class Fusing {
  readonly result: Step[] = [];
  readonly #readers: ReadonlyMap<Node, ReadonlySet<Reader>>;
  /** What this block computes. */
  readonly #computed: ReadonlySet<Reader>;
  readonly #operations: Operations;
  readonly #kept: ReadonlySet<Node>;
  /** Groups that wait, by the values that they alone compute. */
  readonly #waiting = new Map<Node, Group>();
  /** Each of them once, with the age of its oldest value. */
  #ages = new Map<Group, number>();
  #born = 0;
  /** Of each value that it costs a pass to read, the groups that read or make it. */
  readonly #holders = new Map<Node, Set<Group>>();
  /** Values that are nowhere stored: each group that reads them computes them for itself. */
  readonly #repeated = new Set<Node>();

  constructor(
    readers: ReadonlyMap<Node, ReadonlySet<Reader>>,
    computed: ReadonlySet<Reader>,
    operations: Operations,
    kept: ReadonlySet<Node>,
  ) {
    this.#readers = readers;
    this.#computed = computed;
    this.#operations = operations;
    this.#kept = kept;
  }

  /** Values that are computed between two other statements, each after what it is made from. */
  segment(nodes: readonly Node[]): void {
    const here = new Set<Reader>(nodes);
    const at = new Map<Reader, number>(nodes.map((node, i) => [node, i]));
    const lastRead = new Map<Node, number>();
    const isLast = (reader: OpNode, node: Node): boolean => {
      let last = lastRead.get(node);
      if (last === undefined) {
        last = 0;
        for (const other of this.#readers.get(node)!) last = Math.max(last, at.get(other) ?? Infinity);
        lastRead.set(node, last);
      }
      return last <= at.get(reader)!;
    };
    for (const node of early(nodes, this.#operations, isLast)) {
      if (!this.#isFusible(node)) {
        if (node.kind === 'op') for (const arg of node.args) this.flush(arg);
        this.result.push({ kind: 'compute', node });
      } else if (this.#isRepeatable(node as OpNode, here)) this.#repeated.add(node);
      else this.#gather(node as OpNode);
    }
  }

  flush(node: Node): void {
    const group = this.#waiting.get(node);
    if (group) this.#emit(group);
  }

  flushAll(): void {
    for (let group = this.#oldest(); group; group = this.#oldest()) this.#emit(group);
  }

  #isFusible(node: Node): boolean {
    return isElementwise(node, this.#operations) || reducedBy(node, this.#operations) !== null;
  }

  /** Into one group with those that it reads, if that can be, and with those that read the same. */
  #gather(node: OpNode): void {
    const own = this.#withRepeated(node);
    const before = new Set<Group>();
    for (const { args } of own) {
      for (const arg of args) {
        const waiting = this.#waiting.get(arg);
        if (waiting) before.add(waiting);
      }
    }
    const whole = this.#join(own, [...before]);
    let group = whole ?? this.#join(own, [])!;
    if (!whole) for (const other of [...before].reverse()) group = this.#join(group.nodes, [other]) ?? group;
    const members = new Set<Node>(group.nodes);
    const isOther = (other: Group): boolean => !other.nodes.every((n) => members.has(n));
    // The youngest first; what a join brings along may have further neighbours, among the older ones.
    let open = this.#neighbours(group, Number.POSITIVE_INFINITY).filter(isOther);
    while (open.length > 0) {
      const other = open.pop()!;
      const joined: Group | null = mayJoin(group, other) ? this.#join(group.nodes, [other]) : null;
      if (joined === null) continue;
      group = joined;
      open = this.#neighbours(group, this.#ages.get(other)!).filter(isOther);
    }
    this.#wait(group);
    if (this.#ages.size > MOST_WAITING) this.#emit(this.#oldest()!);
  }

  /** Waiting groups older than `age` that read or make a value of this one's, the youngest last. */
  #neighbours(group: Group, age: number): Group[] {
    const found = new Set<Group>();
    for (const node of group.full) for (const other of this.#holders.get(node) ?? []) found.add(other);
    const ages = this.#ages;
    return [...found].filter((other) => ages.get(other)! < age).sort((p, q) => ages.get(p)! - ages.get(q)!);
  }

  #oldest(): Group | undefined {
    let oldest: Group | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [group, age] of this.#ages) if (age < least) [oldest, least] = [group, age];
    return oldest;
  }

  /** In the place of the oldest of those that it is made of. */
  #wait(group: Group): void {
    let age = this.#born++;
    for (const member of group.nodes) {
      const part = this.#waiting.get(member);
      if (part && this.#ages.has(part)) {
        age = Math.min(age, this.#ages.get(part)!);
        this.#leave(part);
      }
      if (!this.#repeated.has(member)) this.#waiting.set(member, group);
    }
    this.#ages.set(group, age);
    for (const node of group.full) {
      const holders = this.#holders.get(node);
      if (holders) holders.add(group);
      else this.#holders.set(node, new Set([group]));
    }
  }

  #leave(group: Group): void {
    this.#ages.delete(group);
    for (const node of group.full) {
      const holders = this.#holders.get(node);
      holders?.delete(group);
      if (holders?.size === 0) this.#holders.delete(node);
    }
  }

  /** An operation with those before it that are nowhere stored. */
  #withRepeated(node: OpNode): OpNode[] {
    const all = new Set([node]);
    for (const { args } of all) for (const arg of args) if (this.#repeated.has(arg)) all.add(arg as OpNode);
    return [...all];
  }

  /** null where one formula cannot hold them, or where something between them reads one and is read by another. */
  #join(nodes: readonly OpNode[], groups: readonly Group[]): Group | null {
    const all = [...nodes, ...groups.flatMap((other) => other.nodes)];
    const group = groupOf(all, this.#operations, (node, inside) => this.#isRead(node, inside));
    if (group === null) return null;
    const inside = new Set<Node>(group.nodes);
    if (!this.#isReadByWaiting(group, inside)) return group;
    const seen = new Set<Group>();
    const open = [...group.inputs];
    for (let input = open.pop(); input; input = open.pop()) {
      const between = this.#waiting.get(input);
      if (!between || seen.has(between)) continue;
      seen.add(between);
      for (const before of between.inputs) {
        if (inside.has(before)) return null;
        open.push(before);
      }
    }
    return group;
  }

  /** Whether a waiting group may read a value of this one. */
  #isReadByWaiting({ results }: Group, inside: ReadonlySet<Node>): boolean {
    for (const result of results) {
      for (const reader of this.#readers.get(result) ?? []) {
        const waits = this.#waiting.has(reader as Node) || this.#repeated.has(reader as Node);
        if (waits && !inside.has(reader as Node)) return true;
      }
    }
    return false;
  }

  #emit(group: Group): void {
    for (const input of group.inputs) this.flush(input);
    for (const node of group.nodes) if (!this.#repeated.has(node)) this.#waiting.delete(node);
    this.#leave(group);
    const { nodes, results, reduced } = group;
    if (nodes.length === 1) this.result.push({ kind: 'compute', node: nodes[0]! });
    else this.result.push({ kind: 'fuse', nodes, results, reduced });
  }

  /** Whether something outside the group reads this value of it. */
  #isRead(node: Node, inside: ReadonlySet<Node>): boolean {
    if (this.#kept.has(node)) return true;
    if (this.#repeated.has(node)) return false;
    for (const reader of this.#readers.get(node) ?? []) {
      if (!inside.has(reader as Node)) return true;
      // A repeated value's operands are read wherever it is.
      if (this.#repeated.has(reader as Node) && this.#isReadOutside(reader as Node, inside)) return true;
    }
    return false;
  }

  #isReadOutside(repeated: Node, inside: ReadonlySet<Node>): boolean {
    const seen = new Set([repeated]);
    for (const value of seen) {
      for (const reader of this.#readers.get(value)!) {
        if (!inside.has(reader as Node)) return true;
        if (this.#repeated.has(reader as Node)) seen.add(reader as Node);
      }
    }
    return false;
  }

  /**
   * A cheap operation on a value that is stored anyway, for groups alone (`x - mean(x)` in a batch norm): storing its
   * result would cost more than doing it again, or later. `here`: what is computed in this segment.
   */
  #isRepeatable(node: OpNode, here: ReadonlySet<Reader>): boolean {
    if (!CHEAP.has(node.op) || node.count === null || this.#kept.has(node)) return false;
    const alike = new Set(node.args.filter((arg) => sameForm(arg, node)));
    const [operand] = alike;
    if (alike.size !== 1) return false;
    const others = this.#readers.get(operand!)?.size ?? 0;
    if (this.#repeated.has(operand!) ? others > 1 : isMade(operand!) && others < 2) return false;
    const readers = this.#readers.get(node) ?? [];
    // Weights and samples change after the segment; values don't.
    const { inputs } = this.#join(this.#withRepeated(node), [])!;
    const where = [...inputs].every(isMade) ? this.#computed : here;
    for (const reader of readers) {
      const suits =
        where.has(reader) &&
        this.#isFusible(reader as Node) &&
        this.#readsAll(reader as OpNode, node) &&
        this.#hasRoom(reader as OpNode, node);
      if (!suits) return false;
    }
    return true;
  }

  /** Whether one formula holds the reader with all that it would compute for itself, `node` among it. */
  #hasRoom(reader: OpNode, node: OpNode): boolean {
    const own = [...this.#withRepeated(reader), ...this.#withRepeated(node)];
    return groupOf(own, this.#operations, (member) => member === reader) !== null;
  }

  #readsAll(reader: OpNode, node: Node): boolean {
    return reducedBy(reader, this.#operations) !== null || sameForm(reader, node);
  }
}
