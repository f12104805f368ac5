/** What convolutions and pooling share: sizes of windows, what they leave of their input, and how they are written. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Attr, Attrs, Shape } from '../ir/types.ts';
import { tooLarge } from './room.ts';

export type Pair = readonly [number, number];

/** TF's conventions: `same` gives ⌈n / stride⌉ with the odd extra pixel after, `valid` pads nothing. */
export type Padding = 'same' | 'valid' | number;

/** Zeros before and after each axis that a window reads as if they were there: what pixels of padding become in the graph. */
export type Margins = readonly [Pair, Pair];

/** Along one axis. */
export function along(padding: Padding | Margins, axis: 0 | 1): Padding | Pair {
  return typeof padding === 'object' ? padding[axis] : padding;
}

/** Number of positions of a window that spans `span`; below 1 where it does not fit. */
export function windowCount(n: number, span: number, stride: number, padding: Padding | Pair): number {
  if (padding === 'same') return Math.ceil(n / stride);
  const [before, after] = marginOf(n, span, stride, padding);
  return Math.floor((n + before + after - span) / stride) + 1;
}

/** Pixels of padding before the first position and after the last. */
export function marginOf(n: number, span: number, stride: number, padding: Padding | Pair): Pair {
  if (typeof padding === 'object') return padding;
  if (padding !== 'same') return padding === 'valid' ? [0, 0] : [padding, padding];
  const total = Math.max(0, (Math.ceil(n / stride) - 1) * stride + span - n);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** How many positions a kernel of `k` covers, its dilation's gaps included. */
export function spanOf(k: number, dilation: number): number {
  return (k - 1) * dilation + 1;
}

export function pairAttr(attrs: Attrs, name: string): Pair {
  return attrs[name] as unknown as Pair;
}

export function numbers(attrs: Attrs, name: string): readonly number[] {
  return attrs[name] as readonly number[];
}

/** 2 for `[height, width, channels]`, 1 for `[length, channels]`. */
export function spatialAxes(op: string, shape: Shape, operand = 0): 1 | 2 | Problem {
  if (shape.length === 3) return 2;
  if (shape.length === 2) return 1;
  const extras =
    shape.length === 1
      ? { help: 'a vector becomes a picture by `reshape(height, width, channels)`' }
      : shape.length === 0
        ? { help: 'a scalar has no pixels; `reshape(1, 1, 1)` makes it a picture of one' }
        : {};
  const expected = '[height, width, channels] or [length, channels]';
  return problem('GAN0321', { op, expected, shape }, { operand }, extras);
}

/** A `size` argument as [h, w]: of 1-D values [1, n] (or what is neutral instead of 1). Accepts what it returned before. */
export function pairOf(
  op: string,
  argument: string,
  value: Attr | undefined,
  spatial: 1 | 2,
  least = 1,
  neutral = 1,
): Pair | Problem {
  const list = (Array.isArray(value) ? value : [value]) as readonly number[];
  const needs = `a whole number of at least ${least}${spatial === 2 ? ', or two as [h, w]' : ''}`;
  for (const n of list) {
    if (!Number.isInteger(n) || n < least) {
      const shown = list.length === 1 ? n : list;
      return problem('GAN0330', { op, argument, value: shown, needs }, { argument });
    }
  }
  const [first, second] = list;
  if (spatial === 2 && list.length === 1) return [first!, first!];
  if (spatial === 2 && list.length === 2) return [first!, second!];
  if (spatial === 1 && list.length === 1) return [neutral, first!];
  if (spatial === 1 && list.length === 2 && first === neutral) return [neutral, second!];
  return problem('GAN0331', { op, argument, value: list, spatial }, { argument });
}

export function positive(op: string, argument: string, value: Attr | undefined, least = 1): Problem | null {
  if (Number.isInteger(value) && (value as number) >= least) return null;
  const needs = `a whole number of at least ${least}`;
  return problem('GAN0330', { op, argument, value: value as number, needs }, { argument });
}

export function paddingOf(op: string, value: Attr | undefined): Padding | Problem {
  if (value === 'same' || value === 'valid') return value;
  if (Number.isInteger(value) && (value as number) >= 0) return value as number;
  const needs = '"same", "valid" or a number of pixels from 0';
  return problem(
    'GAN0330',
    { op, argument: 'padding', value: value as number, needs },
    { argument: 'padding' },
  );
}

/** The window's positions in an input of `size`, or why there are none. */
export function windowCounts(
  op: string,
  size: Pair,
  kernel: Pair,
  stride: Pair,
  dilation: Pair,
  padding: Padding | Margins,
  spatial: 1 | 2 = 2,
): Pair | Problem {
  const span: Pair = [spanOf(kernel[0], dilation[0]), spanOf(kernel[1], dilation[1])];
  // A 1-D window has height 1 on an input of height 1, which pixels of padding leave alone.
  const vertical = spatial === 1 && typeof padding === 'number' ? 0 : along(padding, 0);
  const sides = [vertical, along(padding, 1)] as const;
  const out: Pair = [
    windowCount(size[0], span[0], stride[0], sides[0]),
    windowCount(size[1], span[1], stride[1], sides[1]),
  ];
  if (out[0] >= 1 && out[1] >= 1) {
    const padded = size.map((n, i) => {
      const [before, after] = marginOf(n, span[i]!, stride[i]!, sides[i]!);
      return n + before + after;
    });
    const [argument, what] = [
      typeof padding === 'number' ? 'padding' : 'kernel',
      `\`${op}\` with its padding`,
    ];
    return tooLarge(what, padded, argument) ?? out;
  }
  const p = typeof padding === 'number' ? 2 * padding : 0;
  const [window, input] = spatial === 1 ? [[span[1]], [size[1] + p]] : [span, [size[0] + p, size[1] + p]];
  return problem(
    'GAN0322',
    { op, window, input },
    { argument: 'kernel' },
    { help: 'take `padding = "same"`, or a smaller kernel' },
  );
}

/** `2` for equal sides, `[1, 2]` else: the shortest way to write a pair in emitted code. */
export function pairText([h, w]: Pair): string {
  return h === w ? String(h) : `[${h}, ${w}]`;
}

export function firstProblem<T>(...values: readonly (T | Problem | null)[]): Problem | null {
  for (const value of values) if (isProblem(value)) return value;
  return null;
}
