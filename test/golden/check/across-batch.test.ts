/** `batch(v)` and `examples(w)`: their types, the number of examples, and where they may not stand. */
import { describe, expect, test } from 'vitest';
import { accepted, findings, modelOf, said } from './checking.ts';

const file = (value: string, { phase = 'batch = 6, steps = 1', sample = 'sample x, z', more = '' } = {}) => `
data x ~ [3]
noise z ~ normal[3]
net D(x: [3]) -> [3] = x |> dense(3)
${more}
loss l = ${value}
train (${phase}) { ${sample}  update D to minimize l + 0 * expect(sum(D(x))) + 0 * expect(sum(z)) with sgd(1) }
`;

describe('types', () => {
  test('whole, with the phase’s number of examples in front', () => {
    accepted(file('mean(batch(D(x)) * reshape(range(18), 6, 3))'));
    expect(said(file('mean(batch(D(x)) * reshape(range(15), 5, 3))'))).toContain('GAN0301');
    expect(said(file('batch(D(x))'))).toContain('GAN0345');
    expect(said(file('batch(sum(D(x)))'))).toContain('GAN0345');
  });

  test('one example meets all others', () => {
    accepted(file('expect(mean(sum(abs(batch(D(x)) - z), axis = 1)))'));
    expect(said(file('mean(sum(abs(batch(D(x)) - z), axis = 1))'))).toContain('GAN0344');
  });

  test('examples is the inverse', () => {
    accepted(file('expect(sum(examples(batch(D(x))) * z))'));
    accepted(file('expect(sum(D(x) * examples(reshape(range(18), 6, 3))))'));
    expect(said(file('expect(sum(D(x) * examples([1, 2, 3])))'))).toContain(
      'GAN0361 `examples` gives each of the 6 examples a row, and this value is [3]',
    );
    expect(said(file('expect(sum(examples(D(x))))'))).toContain('GAN0361 `examples` takes a whole value');
    expect(said(file('sum(batch(expect(D(x))))'))).toContain('GAN0334');
  });

  test('a whole value is not averaged again, so `expect` of it is right', () => {
    accepted(file('expect(mean(batch(D(x))))'));
  });
});

describe('the number of examples', () => {
  test('is that of `sample n of`, else the batch', () => {
    accepted(
      file('mean(batch(D(x)) * reshape(range(30), 10, 3))', {
        sample: 'sample 10 of x  sample z',
        phase: 'batch = 10, steps = 1',
      }),
    );
    const two = `
data x ~ [3]
noise z ~ normal[3]
net D(x: [3]) -> [3] = x |> dense(3)
loss l = mmd(D(x), D(z))
train (batch = 6, steps = 1) { sample 10 of x  sample z  update D to minimize l with sgd(1) }`;
    accepted(two);
    const more = 'net N(v: [3]) -> [3] = D(v) - mean(batch(v), axis = 0)';
    expect(said(file('expect(sum(N(x)))', { sample: 'sample 10 of x  sample z', more }))).toContain(
      'GAN0363 `batch` makes an axis of 6 examples here, and the value holds 10',
    );
    const kept = 'state pool ~ 10 of normal[3]';
    const found = findings(file('mean(batch(pool))', { more: kept }));
    expect(found.map(({ code, labels }) => [code, ...labels.map(({ text }) => text)])).toContainEqual([
      'GAN0363',
      '`pool` holds 10 examples',
    ]);
  });

  test('is one number in all phases', () => {
    const phases = (second: string) =>
      `${file('mean(batch(D(x)))')}train again (batch = ${second}, steps = 1) { sample x  update D to minimize l with sgd(1) }`;
    expect(said(phases('7'))).toContain(
      'GAN0360 `batch` makes an axis of the examples, and here there are 6 or 7 of them',
    );
    accepted(phases('6'));
  });

  test('a phase that uses it is fixed, others are not', () => {
    const model = modelOf(
      `${file('mean(batch(D(z)))', { sample: 'sample z, x' })}
loss other = expect(sum(D(x)))
train again (batch = 9, steps = 1) { sample x  update D to minimize other with sgd(1) }`,
    );
    expect(model.phases.map((phase) => phase.fixedBatch)).toEqual([true, false]);
  });

  test('follows a param', () => {
    const text = `param n = 6\n${file('mean(batch(D(x)) * reshape(range(3 * n), n, 3))', { phase: 'batch = n, steps = 1' })}`;
    accepted(text);
    accepted(text, { set: { n: '9' } });
  });
});

describe('outputs', () => {
  test('keep examples apart, also through nets', () => {
    const net = 'net M(v: [3]) -> [4] = v |> dense(3) |> minibatch_discrimination(kernels = 1, sizes = 2)\n';
    expect(said(`${file('mean(batch(D(x)))')}output o = z - mean(batch(z), axis = 0)`)).toContain(
      'GAN0362 the output `o` uses `batch`, and an output is a function of each example',
    );
    expect(said(`${file('mean(batch(D(x)))')}${net}output o = M(z)`)).toContain(
      'GAN0362 the output `o` uses `M`',
    );
  });
});
