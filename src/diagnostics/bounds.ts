/** Intervals as messages show them. */

export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

/** `[0, 1]`, `[0, ∞)`, `(−∞, ∞)`: a bound at infinity is never reached. */
export function showBounds({ lo, hi }: Bounds): string {
  const show = (value: number) => {
    const text = Number.isFinite(value) ? String(Number(value.toPrecision(6))) : '∞';
    return value < 0 ? `−${text.replace('-', '')}` : text;
  };
  return `${lo === -Infinity ? '(' : '['}${show(lo)}, ${show(hi)}${hi === Infinity ? ')' : ']'}`;
}
