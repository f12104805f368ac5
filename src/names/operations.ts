/** The checker's view of the table of operations, and the few words that only the compiler understands. */
import type { Operation } from '../ops/record.ts';
import { operations } from '../ops/table.ts';

/** An operation that users can write; those of gradients and lowerings have no signature and are not found. */
function operationOf(name: string): Operation | undefined {
  if (!Object.hasOwn(operations, name)) return undefined;
  const record = (operations as Readonly<Record<string, Operation>>)[name]!;
  return record.signature === null ? undefined : record;
}

/** Also the operations behind the operators, which may have no name that users write. */
export function anyOperation(name: string): Operation | undefined {
  return Object.hasOwn(operations, name)
    ? (operations as Readonly<Record<string, Operation>>)[name]
    : undefined;
}

export function isOperation(name: string): boolean {
  return operationOf(name) !== undefined || special.has(name);
}

/** Worked out by the checker itself: they look at shapes, make tuples or gradients, or fold constants. */
const special = new Set([
  'size',
  'range',
  'split',
  'batch',
  'examples',
  'grad',
  'jvp',
  'map',
  'log2',
  'ceil',
  'round',
]);

/** Ways to start a weight, as `init SLOT ~ …` and a layer's `init = …` write them. */
export const initializerNames = [
  'normal',
  'truncated_normal',
  'uniform',
  'glorot_uniform',
  'glorot_normal',
  'he_normal',
  'he_uniform',
  'orthogonal',
  'constant',
] as const;

export const distributionNames = [
  'normal',
  'truncated_normal',
  'uniform',
  'gumbel',
  'bernoulli',
  'categorical',
] as const;

export function isBuiltin(name: string): boolean {
  return special.has(name) || (initializerNames as readonly string[]).includes(name);
}

/** Every name that a call may have besides nets and defs; for "did you mean". */
export function callableNames(): string[] {
  const written = Object.entries(operations as Readonly<Record<string, Operation>>)
    .filter(([, record]) => record.signature !== null)
    .map(([name]) => name);
  return [...written, ...special];
}

/** The names that the host counts with, and π. */
const scalarNames = ['step', 'epoch', 'progress', 'pi'] as const;

export function isScalarName(name: string): boolean {
  return (scalarNames as readonly string[]).includes(name);
}

export const variants = ['averaged', 'frozen', 'live'] as const;

/** Whether the checker works it out by itself, without a record of the table. */
export function isSpecial(name: string): boolean {
  return special.has(name);
}
