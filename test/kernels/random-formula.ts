/** Random formulas of every operation, chains and reductions, whose numbers float32 can follow. */
import fc from 'fast-check';

export interface RandomFormula {
  text: string;
  axes: number[];
  keep: boolean;
  /** Shapes of the operands x0, x1, …; null: a number. */
  operands: (number[] | null)[];
  seed: number;
}

/** Forms of the operations: `a`, `b`, `c` are any values, `e` one that is exact, so that no rounding decides. */
const forms: Record<string, string> = {
  add: 'a + b',
  sub: 'a - b',
  mul: 'clamp(a, -8, 8) * clamp(b, -8, 8)',
  div: 'a / (abs(b) + 0.5)',
  maximum: 'maximum(a, b)',
  minimum: 'minimum(a, b)',
  equal: 'equal(e, 0.25)',
  notEqual: 'notEqual(e, -0.5)',
  less: 'less(e, 0.5)',
  lessEqual: 'lessEqual(e, 0.25)',
  greater: 'greater(e, 0)',
  greaterEqual: 'greaterEqual(-0.25, e)',
  and: 'and(floor(e), e)',
  or: 'or(e, floor(e))',
  not: 'not(floor(e))',
  where: 'where(less(e, 0.25), a, b)',
  neg: '-a',
  exp: 'exp(minimum(a, 3))',
  log: 'log(abs(a) + 0.25)',
  sqrt: 'sqrt(abs(a) + 0.125)',
  rsqrt: 'rsqrt(square(a) + 0.25)',
  square: 'square(clamp(a, -6, 6))',
  abs: 'abs(a)',
  sign: 'sign(e)',
  floor: 'floor(e)',
  relu: 'relu(a)',
  leaky_relu: 'leaky_relu(a, 0.2)',
  elu: 'elu(a)',
  tanh: 'tanh(a)',
  sigmoid: 'sigmoid(a)',
  softplus: 'softplus(a)',
  step: 'step(e, 0.2)',
  clamp: 'clamp(a, -0.5, 1.5)',
};
export const triedOperations: readonly string[] = Object.keys(forms);

const shapes = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<number[]>([7, 130], [33, 65], [3, 9, 9, 6], [400], [2, 20, 20, 3], [5000]),
  },
);

const picks = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });
const steps = fc.array(fc.record({ op: fc.constantFrom(...triedOperations), picks, kept: fc.boolean() }), {
  minLength: 1,
  maxLength: 8,
});

/** A chain's text over these operands; each step may use what came before. Gives the names of what it made. */
function chain(
  drafts: { op: string; picks: number[]; kept: boolean }[],
  operands: readonly string[],
  name: string,
  lines: string[],
): string[] {
  const made: string[] = [];
  drafts.forEach(({ op, picks, kept }, i) => {
    const all = [...operands, ...made];
    const text = forms[op]!.replace(/\b[abce]\b/g, (letter) =>
      letter === 'e'
        ? operands[picks[3]! % operands.length]!
        : all[picks['abc'.indexOf(letter)]! % all.length]!,
    );
    const own = `${name}${i}`;
    lines.push(`${kept || i === drafts.length - 1 ? '' : 'let '}${own} = ${text}`);
    made.push(own);
  });
  return made;
}

/** Operands broadcast to `shape`: the first has it, the others lack axes, or have 1 there, or are numbers. */
const operandsOf = (shape: number[]) =>
  fc
    .array(
      fc.record({
        number: fc.integer({ min: 0, max: 5 }),
        drop: fc.nat({ max: shape.length }),
        ones: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
      }),
      { maxLength: 4 },
    )
    .map((list) => [
      shape,
      ...list.map(({ number, drop, ones }) =>
        number === 0 ? null : shape.map((n, i) => (ones[i] ? 1 : n)).slice(drop),
      ),
    ]);

export const randomChain: fc.Arbitrary<RandomFormula> = shapes.chain((shape) =>
  fc.record({ operands: operandsOf(shape), steps, seed: fc.nat() }).map(({ operands, steps, seed }) => {
    const lines: string[] = [];
    const names = operands.map((_, i) => `x${i}`);
    // A formula has the shape of all its operands, so each must be named.
    const used = names.map((n) => `0 * ${n}`).join(' + ');
    chain(steps, names, 'y', lines);
    return { text: [`all = ${used}`, ...lines].join('; '), axes: [], keep: false, operands, seed };
  }),
);

export const randomReduction: fc.Arbitrary<RandomFormula> = shapes
  .filter((shape) => shape.length > 0)
  .chain((shape) =>
    fc
      .record({
        axes: fc.oneof(
          // First ones, last ones, any.
          fc.integer({ min: 1, max: shape.length }).map((n) => shape.map((_, i) => i).slice(0, n)),
          fc.integer({ min: 1, max: shape.length }).map((n) => shape.map((_, i) => i).slice(-n)),
          fc.subarray(
            shape.map((_, i) => i),
            { minLength: 1 },
          ),
        ),
        keep: fc.boolean(),
        wide: steps,
        sums: fc.array(fc.record({ mean: fc.boolean(), pick: fc.nat() }), { minLength: 1, maxLength: 3 }),
        narrow: fc.array(
          fc.record({
            op: fc.constantFrom('add', 'mul', 'div', 'rsqrt', 'square', 'tanh', 'exp', 'relu'),
            picks,
            kept: fc.boolean(),
          }),
          { maxLength: 4 },
        ),
        operands: operandsOf(shape),
        extra: fc.nat({ max: 2 }),
        seed: fc.nat(),
      })
      .map(({ axes, keep, wide, sums, narrow, operands, extra, seed }) => {
        const lines: string[] = [];
        const names = operands.map((_, i) => `x${i}`);
        const used = names.map((n) => `0 * ${n}`).join(' + ');
        lines.push(`all = ${used}`);
        const values = [...names, ...chain(wide, names, 'y', lines)].filter(
          (_, i) => i >= operands.length || operands[i] !== null,
        );
        const reduced = sums.map(({ mean, pick }, i) => {
          lines.push(`s${i} = ${mean ? 'mean' : 'sum'}(${values[pick % values.length]})`);
          return `s${i}`;
        });
        // Operands of the narrow steps alone: of the narrow shape, or with one number.
        const narrowShape = shape.flatMap((n, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [n]));
        const more = Array.from({ length: extra }, (_, i) => (i === 0 ? narrowShape : [1]));
        const moreNames = more.map((_, i) => `x${operands.length + i}`);
        const narrowLines: string[] = [];
        chain(narrow, [...reduced, ...moreNames], 'z', narrowLines);
        // What is made of operands alone would be wide.
        lines.push(...narrowLines.map((line) => `${line} + 0 * s0`));
        return { text: lines.join('; '), axes, keep, operands: [...operands, ...more], seed };
      }),
  );
