/** Formulas with reductions: what is wide and what is narrow, and their values against loops over float64 numbers. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { formula, fused, parseFormula, plainExecutor, shapesOf } from '../../runtimes/core/formula/fused.ts';
import { inParts } from '../../runtimes/core/run/parts.ts';

const ways = { 'as it is': plainExecutor, 'in parts': inParts(plainExecutor) };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
/** Some numbers of no pattern. */
const some = (n: number, seed: number) =>
  Array.from({ length: n }, (_, i) => Math.fround(Math.sin(12.9898 * (i + 1) + seed) * 2));

describe('kinds', () => {
  const kindsOf = (text: string, inputs: string[]) => {
    const f = parseFormula(text, inputs, [0]);
    return {
      steps: f.steps.map(({ op, narrow }) => (narrow ? op : op.toUpperCase())).join(' '),
      reads: Object.fromEntries(
        f.inputs.map((name, i) => [name, `${f.reads[i]!.wide ? 'w' : ''}${f.reads[i]!.narrow ? 'n' : ''}`]),
      ),
      outputs: f.outputs.map((o) => (o.narrow ? o.name : o.name.toUpperCase())).join(' '),
    };
  };

  test('what is made of a reduction is narrow', () => {
    expect(kindsOf('y = x - m; v = mean(square(y)); inv = rsqrt(v + 1e-5)', ['x', 'm'])).toEqual({
      steps: 'SUB SQUARE mean add rsqrt',
      reads: { x: 'w', m: 'w' },
      outputs: 'Y v inv',
    });
  });

  test('what is made for a narrow step is narrow, and operands may be both', () => {
    expect(
      kindsOf('dx = dy * g; k = sum(dy * c) * (g * square(inv)) / n', ['dy', 'g', 'c', 'inv', 'n']),
    ).toEqual({
      steps: 'MUL MUL sum square mul mul div',
      reads: { dy: 'w', g: 'wn', c: 'w', inv: 'n', n: 'n' },
      outputs: 'DX k',
    });
  });

  test.each([
    ['a wide value of a narrow one', 'let e = x * a; m = mean(e); y = e - m'],
    ['a reduction of a narrow value', 's = sum(mean(x) * 2)'],
    ['a value for wide and narrow steps', 'let k = a * b; y = x * k; s = sum(x) * k'],
    ['two operands of a reduction', 's = sum(x, a)'],
  ])('%s is none', (_, text) => {
    expect(() => parseFormula(text, ['x', 'a', 'b'], [0])).toThrow('Not a formula');
  });

  test('without axes there are no reductions', () => {
    expect(() => parseFormula('s = sum(x)', ['x'])).toThrow('Not a formula');
  });
});

describe.each([
  { shape: [4, 3, 2, 5], axes: [0, 1, 2] },
  { shape: [6, 4], axes: [0] },
  { shape: [6, 4], axes: [1] },
  { shape: [2, 3, 4, 2], axes: [1, 2] },
  { shape: [7], axes: [0] },
  { shape: [1, 1], axes: [0, 1] },
])('axes $axes of $shape', ({ shape, axes }) => {
  /** The sum by hand, in float64, of f over the elements that have a place in common. */
  function total(f: (i: number) => number): number[] {
    const stays = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const out = new Array<number>(size(stays)).fill(0);
    for (let i = 0; i < size(shape); i++) {
      let at = 0;
      let rest = i;
      let step = 1;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const place = rest % shape[axis]!;
        rest = Math.floor(rest / shape[axis]!);
        if (stays[axis]! > 1) at += place * step;
        step *= stays[axis]!;
      }
      out[at]! += f(i);
    }
    return out;
  }
  const x = some(size(shape), 1);
  const y = some(size(shape), 2);

  test.each(
    Object.keys(ways).flatMap((way) =>
      [false, true].map((keep) => ({ way: way as keyof typeof ways, keep })),
    ),
  )('$way, keep $keep', async ({ way, keep }) => {
    const before = tf.memory().numTensors;
    const given = { x: tf.tensor(x, shape), y: tf.tensor(y, shape), n: 3 };
    const text = 'let p = x * y; wide = p + n; s = sum(p); m = mean(square(x)); d = sqrt(m + n) * s';
    const f = parseFormula(text, Object.keys(given), axes, keep);
    const out = ways[way](f, Object.values(given));
    const results = Object.fromEntries(f.outputs.map(({ name }, i) => [name, out[i]!]));
    const stays = shape.flatMap((n, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [n]));
    const s = total((i) => x[i]! * y[i]!);
    const m = total((i) => x[i]! ** 2).map((v) => (v * s.length) / size(shape));
    const expected = {
      wide: x.map((v, i) => v * y[i]! + 3),
      s,
      m,
      d: m.map((v, i) => Math.sqrt(v + 3) * s[i]!),
    };
    expect(Object.keys(results)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected)) {
      const tensor = results[name]!;
      expect(tensor.shape).toEqual(name === 'wide' ? shape : stays);
      const data = await tensor.data();
      values.forEach((v, i) => {
        expect(Math.abs(data[i]! - v)).toBeLessThan(2e-6 * Math.max(1, Math.abs(v)) * size(shape));
      });
    }
    expect(tf.memory().numTensors).toBe(before + 2 + 4);
    tf.dispose([given.x, given.y, ...Object.values(results)]);
  });
});

test('sums of operands as they are, and nothing but sums', async () => {
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const f = parseFormula('s = sum(x); m = mean(x)', ['x'], [0]);
  for (const run of Object.values(ways)) {
    const [s, m] = run(f, [x]);
    expect([...(await s!.data()), ...(await m!.data())]).toEqual([4, 6, 2, 3]);
  }
});

test('an operand of fewer axes is repeated before it is summed', async () => {
  const given = { x: tf.zeros([4, 3]), g: tf.tensor1d([1, 2, 3]) };
  const { s, k } = fused('s = sum(g * g); k = sum(x) + g', given, [0]);
  expect([...(await s!.data())]).toEqual([4, 16, 36]);
  expect([...(await k!.data())]).toEqual([1, 2, 3]);
});

test('one text with other operands or axes is another formula', async () => {
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const text = 'y = sum(a - b)';
  const read = async (operands: Record<string, tf.Tensor | number>, axes: number[]) => [
    ...(await fused(text, operands, axes).y!.data()),
  ];
  expect(await read({ a: x, b: 1 }, [0])).toEqual([2, 4]);
  expect(await read({ b: 1, a: x }, [0])).toEqual([2, 4]);
  expect(await read({ a: x, b: 1 }, [1])).toEqual([1, 5]);
  expect(await read({ a: x, b: 1 }, [0, 1])).toEqual([6]);
});

test('shapes of both kinds', () => {
  const f = parseFormula('y = x * g; s = sum(y) + h', ['x', 'g', 'h'], [0, 2], true);
  const inputs = [tf.zeros([4, 3, 1]), tf.zeros([5]), tf.zeros([1, 3, 1])];
  expect(shapesOf(f, inputs)).toEqual({ wide: [4, 3, 5], narrow: [1, 3, 1] });
});

describe('a formula under a name', () => {
  const x = () => tf.tensor2d([1, 2, 3, 6], [2, 2]);

  test('of one expression, or of statements with one result, gives a tensor', async () => {
    const one = formula('(x, bias) => relu(x + bias)');
    expect([...(await (one(x(), -2) as tf.Tensor).data())]).toEqual([0, 0, 1, 4]);
    const statements = formula('(x) => { let m = mean(x); y = m * 2 }', [0]);
    expect([...(await (statements(x()) as tf.Tensor).data())]).toEqual([4, 8]);
  });

  test('of several results gives a list', async () => {
    const several = formula(
      '(x, m) => { let v = mean(square(x - m)); twice = v * 2; inverse = rsqrt(v + 1) }',
      [0],
    );
    const [twice, inverse] = several(x(), tf.tensor1d([2, 4])) as tf.Tensor[];
    expect([...(await twice!.data())]).toEqual([2, 8]);
    expect([...(await inverse!.data())].map((v) => v.toFixed(4))).toEqual(['0.7071', '0.4472']);
  });

  test('a sum goes on from 0 as from nothing', async () => {
    const added = formula('(x, before) => { y = x * 1; total = before + sum(x) }', [0]);
    const [, total] = added(x(), 0) as tf.Tensor[];
    expect([...(await total!.data())]).toEqual([4, 8]);
  });

  test('what is none is refused', () => {
    expect(() => formula('x + 1')).toThrow('Not a formula');
    expect(() => formula('(x) => y + 1')).toThrow('Not a formula');
  });
});
