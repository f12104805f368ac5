/** Constants and shapes as a reader would write them. */
import type { Shape } from '../ir/types.ts';

/** A compile-time constant. Lists may nest (`[[1, 0], [0, 1]]`). */
export type Constant = number | string | boolean | readonly Constant[];

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Numbers as a reader would write them. */
export function showNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? String(value)
    : String(Number(value.toPrecision(15)));
}

export function showConstant(value: Constant): string {
  if (typeof value === 'number') return showNumber(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return String(value);
  const items = value.slice(0, 8).map(showConstant);
  return `[${items.join(', ')}${value.length > 8 ? ', …' : ''}]`;
}
