/** The verifier of graphs: everything that a pass may rely on, checked again from scratch. Tests run it after each pass. */
import { isProblem } from '../diagnostics/table.ts';
import type { Operation } from '../ops/record.ts';
import type { Leaf, Node, OpNode } from './graph.ts';
import {
  isLoop,
  isPart,
  type LoopNode,
  leavesOfTurn,
  type PartNode,
  partType,
  splitByTurn,
} from './loops.ts';
import { sizeOf } from './ndarray.ts';
import { printType } from './print.ts';
import type { Attr, Count, Shape } from './types.ts';

/** What is wrong with these nodes (all nodes of a builder, or what a result depends on, by rising id); empty if nothing. */
export function verify(
  nodes: readonly Node[],
  operations: Readonly<Record<string, Operation>>,
): readonly string[] {
  const found: string[] = [];
  const present = new Set<Node>();
  let last = -1;
  for (const node of nodes) {
    const name = `%${node.id} ${node.kind === 'op' ? node.op : node.leaf.kind}`;
    const complain = (what: string) => found.push(`${name}: ${what}`);
    if (!Number.isInteger(node.id) || node.id <= last) complain(`its id does not follow ${last}`);
    last = node.id;
    checkType(node, complain);
    if (node.kind === 'leaf') checkLeaf(node.leaf, node.shape, node.count, complain);
    else checkOperation(node, operations, present, complain);
    present.add(node);
  }
  return found;
}

type Complain = (what: string) => void;

function checkType({ shape, count }: Node, complain: Complain): void {
  if (!shape.every((d) => Number.isInteger(d) && d > 0)) complain(`its shape is [${shape}]`);
  if (typeof count === 'number' && !(Number.isInteger(count) && count > 0)) complain(`its count is ${count}`);
}

function checkOperation(
  node: OpNode,
  operations: Readonly<Record<string, Operation>>,
  present: ReadonlySet<Node>,
  complain: Complain,
): void {
  if (isLoop(node)) return void checkLoop(node, complain);
  if (isPart(node)) return void checkPart(node, complain);
  const record = operations[node.op];
  if (record === undefined) return void complain('there is no such operation');
  if (record.kind !== 'primitive') return void complain(`a ${record.kind} is not a node`);
  for (const arg of node.args) {
    if (arg.id >= node.id) complain(`its operand %${arg.id} does not come before it`);
    else if (!present.has(arg)) complain(`its operand %${arg.id} is not of this graph`);
  }
  checkAttrs(node, record.samples[0]?.attrs ?? {}, complain);

  const types = node.args.map((a) => ({ shape: a.shape, batch: a.count !== null }));
  const shape = record.shape(types, node.attrs);
  if (isProblem(shape)) return void complain(`its operands are refused: ${shape.code}`);
  const batch = record.batch ? record.batch(types, node.attrs) : types.some((t) => t.batch);
  const counts = new Set(record.recounts ? [] : node.args.map((a) => a.count).filter((c) => c !== null));
  const said = node.attrs.count as Count | null | undefined;
  if (said !== undefined && said !== null) counts.add(said);
  if (counts.size > 1) complain(`it mixes values for ${[...counts].join(' and ')} examples`);
  const count = batch ? ([...counts][0] ?? null) : null;
  const expected = printType({ shape, count });
  if (printType(node) !== expected) complain(`its type is ${printType(node)} and should be ${expected}`);
  if (record.elementwise && node.count !== null) {
    for (const arg of node.args) {
      if (arg.count !== null && arg.shape.length !== node.shape.length) {
        complain(`its per-example operand %${arg.id} is not aligned`);
      }
    }
  }
}

/** A loop reads what it says and hands on what it was given. What its turns work out is verified as other nodes are. */
function checkLoop(node: LoopNode, complain: Complain): void {
  const { region, args } = node;
  const { carried, scanned, next, collected, inside, turns } = region;
  if (!(Number.isInteger(turns) && turns > 0)) complain(`it has ${turns} turns`);
  const same = (a: Node, type: { readonly shape: Shape; readonly count: Count | null }, what: string) => {
    if (printType(a) !== printType(type))
      complain(`${what} is ${printType(a)} and should be ${printType(type)}`);
  };
  const given = leavesOfTurn(region);
  if (new Set(given).size < given.length) complain('its turns are given one leaf twice');
  carried.forEach((leaf, k) => {
    same(args[k]!, leaf, `the start of value ${k}`);
    same(next[k]!, leaf, `value ${k} after a turn`);
  });
  scanned.forEach((leaf, k) => {
    same(args[carried.length + k]!, { ...leaf, shape: [turns, ...leaf.shape] }, `sequence ${k}`);
  });
  if (next.length !== carried.length) complain('it does not hand on what it carries');
  const split = splitByTurn([...next, ...collected], given);
  const read = args.slice(carried.length + scanned.length);
  const isSame = (a: readonly Node[], b: readonly Node[]) =>
    a.length === b.length && a.every((n, i) => n === b[i]);
  if (!isSame(split.inside, inside)) complain('its turns work out something else');
  if (!isSame(split.captured, read)) complain('its turns read something else');
  same(node, partType(region, 0), 'it');
}

function checkPart(node: PartNode, complain: Complain): void {
  const [loop] = node.args;
  if (node.args.length !== 1 || !loop || !isLoop(loop)) return void complain('it is a part of no loop');
  const expected = printType(partType(loop.region, node.attrs.index as number));
  if (printType(node) !== expected) complain(`its type is ${printType(node)} and should be ${expected}`);
}

/** A node carries the attributes that its record's samples carry, no more and no fewer, and each is plain data. */
function checkAttrs(node: OpNode, sample: Readonly<Record<string, Attr>>, complain: Complain): void {
  for (const key of Object.keys(sample)) {
    if (!(key in node.attrs)) complain(`its attribute ${key} is missing`);
  }
  for (const [key, value] of Object.entries(node.attrs)) {
    if (!(key in sample)) complain(`it has no attribute ${key}`);
    if (!isPlain(value)) complain(`its attribute ${key} is not plain data`);
  }
}

function isPlain(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value === 'number') return !Number.isNaN(value);
  if (typeof value !== 'object') return typeof value === 'string' || typeof value === 'boolean';
  return Object.values(value).every(isPlain);
}

function checkLeaf(leaf: Leaf, shape: Shape, count: Count | null, complain: Complain): void {
  const whole = (): void => {
    if (count !== null) complain('it should be whole');
  };
  const scalar = (): void => {
    if (shape.length > 0) complain('it should be a scalar');
  };
  switch (leaf.kind) {
    case 'constant':
      whole();
      if (leaf.value.data.length !== sizeOf(shape)) {
        complain(`it holds ${leaf.value.data.length} numbers for [${shape}]`);
      }
      if (leaf.value.shape.join() !== shape.join()) {
        complain(`its value has shape [${leaf.value.shape}], not [${shape}]`);
      }
      return;
    case 'host':
    case 'count':
      whole();
      scalar();
      return;
    case 'weight':
    case 'stat':
      whole();
      if (leaf.name === '') complain('it has no name');
      if (!isVersion(leaf.version)) complain(`its version is ${leaf.version}`);
      return;
    case 'state':
      if (leaf.name === '') complain('it has no name');
      if (!isVersion(leaf.version)) complain(`its version is ${leaf.version}`);
      return;
    case 'source':
      if (count === null) complain('a source is per example');
      if (!isVersion(leaf.version)) complain(`its version is ${leaf.version}`);
      return;
    case 'turn':
      if (leaf.position) {
        whole();
        scalar();
      }
      return;
    case 'draw':
      if (leaf.place === '') complain('it has no place');
      if (!isVersion(leaf.version)) complain(`its version is ${leaf.version}`);
  }
}

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 0;
}
