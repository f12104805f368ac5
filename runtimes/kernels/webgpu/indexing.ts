/** How operands of different shapes are read at one place of the shape that they broadcast to. */

/**
 * Neighbouring axes that every operand either has or repeats together count as one: `sizes` are those of the joined
 * axes, `has` says for each operand which of them it has. A bias over channels beside pictures is two joined axes.
 */
export interface Joined {
  sizes: number[];
  has: boolean[][];
}

/** `split` marks the axes of the shape in two kinds that are not joined with each other. */
export function joinAxes(
  shape: readonly number[],
  operands: readonly (readonly number[])[],
  split: (axis: number) => boolean = () => false,
): Joined & { marked: boolean[] } {
  const sizes: number[] = [];
  const patterns: string[] = [];
  const has: boolean[][] = operands.map(() => []);
  const marked: boolean[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const own = operands.map((s) => (s[axis - (shape.length - s.length)] ?? 1) === n);
    const pattern = `${split(axis)} ${own.join()}`;
    if (patterns.at(-1) === pattern) {
      sizes[sizes.length - 1]! *= n;
      continue;
    }
    sizes.push(n);
    patterns.push(pattern);
    marked.push(split(axis));
    own.forEach((h, i) => {
      has[i]!.push(h);
    });
  }
  return { sizes, has, marked };
}

/**
 * WGSL for the coordinates of a place: `c0`, `c1` … of `index` in axes named by `sizes`, the last one fastest. The first
 * one needs no division.
 */
export function coordinates(index: string, names: readonly string[], sizes: readonly string[]): string[] {
  const lines: string[] = [];
  let rest = index;
  for (let k = names.length - 1; k > 0; k--) {
    lines.push(`let ${names[k]} = ${rest} % ${sizes[k]};`);
    lines.push(`let ${names[k]}_up = ${rest} / ${sizes[k]};`);
    rest = `${names[k]}_up`;
  }
  if (names.length > 0) lines.push(`let ${names[0]} = ${rest};`);
  return lines;
}

/** WGSL for the place in an operand that has some of the axes. */
export function offset(has: readonly boolean[], names: readonly string[], sizes: readonly string[]): string {
  let text = '';
  has.forEach((own, k) => {
    if (own) text = text === '' ? names[k]! : `(${text}) * ${sizes[k]} + ${names[k]}`;
  });
  return text === '' ? '0u' : text;
}
