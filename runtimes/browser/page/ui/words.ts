/** Numbers and types as a page says them. */
import { counted, number } from '../../../core/run/facts.ts';
import type { TypeSpec } from '../../protocol.ts';

export { counted, number as count };

/** A loss or a metric, always of about the same width. */
export function value(v: number): string {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v > 0 ? '∞' : '−∞';
  const size = Math.abs(v);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? v.toExponential(2)
      : size >= 1e3
        ? v.toFixed(0)
        : v.toPrecision(4);
  return text.replace(/-/g, '−');
}

/** `0.83 ms`, `12.4 ms`, `1.32 s` */
export function milliseconds(ms: number): string {
  if (ms >= 9_995) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms < 9.995 ? ms.toFixed(2) : ms < 99.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** What examples of this type are: `grey pictures of 28 × 28 pixels`. */
export function kindOf({ meaning, shape }: TypeSpec): string {
  const [first = 1, second = 1, third = 1] = shape;
  if (meaning === 'image') {
    const colours: Record<number, string> = { 1: 'grey', 3: 'colour', 4: 'transparent' };
    return `${colours[third] ?? ''} pictures of ${second} × ${first} pixels`;
  }
  if (meaning === 'label') return `classes, ${first} of them`;
  if (meaning === 'text') return `texts of ${number(first)} characters`;
  if (meaning === 'sound') return `sounds of ${number(first)} samples`;
  if (shape.length === 1 && first === 2) return 'points in the plane';
  return shape.length === 0 ? 'numbers' : `tensors of ${shape.join(' × ')}`;
}

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** When something was, near enough: `today at 14:05`, `on 3 May at 09:12`. */
export function moment(at: number, now: number): string {
  const then = new Date(at);
  const time = then.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === new Date(now).toDateString()) return `today at ${time}`;
  return `on ${then.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })} at ${time}`;
}

/** Begins with a capital. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
