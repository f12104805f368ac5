/** The arguments of `data`: what they come to, and what is refused before anything is read. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';
import { said } from './checking.ts';

const image = (args: string, from = '"fashion"') =>
  `data (x, c) ~ (image[28, 28, 1], label[10]) from ${from} (${args})\noutput out = x\n`;

function reading(text: string) {
  const analysis = analyse({ source: { path: 'model.gan', text }, set: {}, load: () => undefined });
  expect(analysis.diagnostics).toEqual([]);
  return analysis.model!.data.map((d) => d.reading);
}

describe('arguments of data', () => {
  test('come to a reading; what is false is left out', () => {
    expect(reading(image('part = [0, 0.9], only = 3, flip = true, crop = 2, pairs = false'))).toEqual([
      { part: [0, 0.9], only: [3], flip: true, crop: 2 },
    ]);
    expect(reading('param far = 2\ndata x ~ sound[64] (stride = far ^ 3)\noutput out = x\n')).toEqual([
      { stride: 8 },
    ]);
    expect(
      reading('data x ~ [24, 2] from "p.csv" (stride = 1, fields = ["a", "b"])\noutput out = x\n'),
    ).toEqual([{ stride: 1, fields: [['a', 'b']] }]);
    expect(reading(image('only = ["cat", "dog"], fields = ["pixels", "y"]'))).toEqual([
      { only: ['cat', 'dog'], fields: ['pixels', 'y'] },
    ]);
    expect(
      reading(
        'data (a, b, c) ~ (image[8, 8, 3], image[8, 8, 3], label[4]) from "pets" (pairs = true)\noutput out = a + b\n',
      ),
    ).toEqual([{ pairs: true }]);
    expect(reading('data x ~ [2] from "ring" ()\noutput out = x\n')).toEqual([null]);
  });

  test.each([
    ['stirde = 1', 'GAN0220 `data` has no argument `stirde`'],
    ['0.9', 'GAN0235 the arguments of `data` are given by name'],
    ['stride = 1', 'GAN0235 `stride` of `data` cuts windows from a series, and an `image` is none'],
    ['part = 0.9', 'GAN0235 `part` of `data` is a list of two shares'],
    ['part = [0.9, 0.1]', 'GAN0235 `part` of `data` is a list of two shares'],
    ['part = [0, 1.5]', 'GAN0235 `part` of `data` is a list of two shares'],
    ['part = [0, "a"]', 'GAN0235 `part` of `data` is a list of two shares'],
    ['part = [0, 0.5], part = [0.5, 1]', 'GAN0223 `part` of `data` is given twice'],
    [
      'only = [3, 10]',
      'GAN0235 `only` of `data` holds classes of `label[10]`, 0 to 9, and one of these is 10',
    ],
    ['only = 1.5', 'GAN0235 `only` of `data` holds classes of `label[10]`'],
    ['only = []', 'GAN0235 `only` of `data` names the classes to keep, and this names none'],
    ['only = [true]', 'GAN0235 `only` of `data` holds classes by number or name'],
    ['only = relu', 'GAN0224 `only` of `data` must be a class or a list of classes'],
    ['flip = 1', 'GAN0224 `flip` of `data` must be `true` or `false`'],
    [
      'crop = 28',
      'GAN0235 `crop` of `data` moves pictures by fewer pixels than they are high and wide, 28×28',
    ],
    ['crop = 0', 'GAN0242 `crop` of `data` must be at least 1'],
    ['pairs = true', 'GAN0235 `pairs` of `data` makes the first two fields two examples of one class'],
    [
      'fields = "a"',
      'GAN0235 `fields` of `data` names a part of the source for each field, and this has 1 for 2',
    ],
    ['fields = ["a", "a"]', 'GAN0235 `fields` of `data` gives each field a name of its own'],
    ['fields = [1, 2]', 'GAN0235 `fields` of `data` holds names in quotes'],
    ['fields = ["", "b"]', 'GAN0235 `fields` of `data` holds names in quotes'],
    ['stride = steps', 'GAN0201'],
  ])('(%s) is refused', (args, words) => {
    expect(said(image(args))).toContain(words);
  });

  test.each([
    ['data x ~ [] (stride = 1)', 'no field has a length'],
    ['data x ~ [4] (stride = 0)', 'must be at least 1'],
    ['data x ~ [4] (only = 1)', 'the record has no `label`'],
    ['data x ~ [4] (flip = true)', 'mirrors pictures, and the record has no `image`'],
    ['data x ~ [4] (crop = 1)', 'moves pictures, and the record has no `image`'],
    ['data (x, y) ~ (image[8, 8, 1], image[16, 16, 1]) (crop = 1)', 'these are 8×8 and 16×16'],
    ['data (x, y) ~ ([4], [4]) (pairs = true)', 'the record has no `label`'],
  ])('%s is refused', (declaration, words) => {
    expect(said(`${declaration}\noutput out = x\n`)).toContain(words);
  });

  test('parts of one source that overlap are warned of, others are not', () => {
    const two = (a: string, b: string, from = 'ring') =>
      said(`data x ~ [2] from "ring"${a}\ndata held ~ [2] from "${from}"${b}\noutput out = x - held\n`);
    expect(two(' (part = [0, 0.9])', ' (part = [0.8, 1])')).toContain(
      'GAN0236 `held` and `x` share examples of "ring"',
    );
    expect(two(' (part = [0, 0.9])', '')).toContain('GAN0236');
    expect(two(' (part = [0, 0.9])', ' (part = [0.9, 1])')).toBe('');
    expect(two(' (part = [0, 0.9])', ' (part = [0.8, 1])', 'grid')).toBe('');
    expect(two('', '')).toBe('');
  });
});
