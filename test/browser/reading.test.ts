import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { TypeSpec } from '../../runtimes/core/run/model.ts';
import { scratch } from '../e2e/command.ts';
import { inChromium } from './chromium.ts';
import { chosen, type Dropped, inNode } from './dropped.ts';
import { compiled, Talk } from './talk.ts';

const model = `data x ~ [3, 2] (stride = 2, part = [0, 0.7])
data (p, q, c) ~ (image[6, 6, 1], image[6, 6, 1], label[2]) (pairs = true, flip = true, crop = 1)
data t ~ text[4, 4]
net G() -> text[4, 4] = weight([4, 4]) |> softmax
net H() -> [3, 2] = weight([3, 2])
net P() -> image[6, 6, 1] = weight([6, 6, 1]) |> tanh
loss far = expect(sum((G() - t) ^ 2)) + expect(sum((H() - x) ^ 2)) + expect(sum((P() - p) ^ 2 + (P() - q) ^ 2)) + 0 * expect(sum(c))
output words = G()
train (batch = 2, steps = 2) {
  sample x, p, t
  update G, H, P to minimize far with sgd(1e-2)
}
`;
const tensor = (meaning: TypeSpec['meaning'], ...shape: number[]): TypeSpec => ({ meaning, shape });

const folder = scratch();

inChromium('data that a declaration has read in a way of its own', (browser) => {
  test('windows, pairs and moved pictures are those of Node; text is text again', async () => {
    const talk = await Talk.begin(browser(), await compiled('reading', model), 'reading');
    const rows = Array.from({ length: 20 }, (_, t) => `${t}.5,${-t}`).join('\n');
    const table = { 'series.csv': new TextEncoder().encode(`${rows}\n`) };
    const pictures: Dropped = {};
    for (const [k, name] of ['a/1', 'a/2', 'a/3', 'b/1', 'b/2'].entries()) {
      const pixels = Buffer.from(Array.from({ length: 64 }, (_, i) => (37 * i + 50 * k) % 256));
      pictures[`pets/${name}.png`] = await sharp(pixels, { raw: { width: 8, height: 8, channels: 1 } })
        .png()
        .toBuffer();
    }
    const lines = { 'lines.txt': new TextEncoder().encode('ab\nba\nabba\nbc\n') };

    const image = tensor('image', 6, 6, 1);
    const cases = [
      {
        record: 'x',
        files: table,
        theirs: await inNode(folder, table, 'series.csv', [{ name: 'x', type: tensor('tensor', 3, 2) }], {
          reading: { stride: 2, part: [0, 0.7] },
        }),
      },
      {
        record: 'p',
        files: pictures,
        theirs: await inNode(
          folder,
          pictures,
          'pets',
          [
            { name: 'p', type: image },
            { name: 'q', type: image },
            { name: 'c', type: tensor('label', 2) },
          ],
          { reading: { pairs: true, flip: true, crop: 1 } },
        ),
      },
      {
        record: 't',
        files: lines,
        theirs: await inNode(folder, lines, 'lines.txt', [{ name: 't', type: tensor('text', 4, 4) }]),
      },
    ];
    for (const { record, files, theirs } of cases) {
      const ours = await talk.ask({ type: 'open', record, choice: chosen(files) }, 'opened');
      if (ours.type === 'problem') throw new Error(ours.message);
      expect(ours.count).toBe(theirs.count);
      expect(ours.facts.how).toEqual(theirs.how);
      expect(ours.fields.map((f) => [...f.values])).toEqual(theirs.values.map((v) => [...v]));
    }

    await talk.train({ data: { x: chosen(table), p: chosen(pictures), t: chosen(lines) } });
    expect((await talk.hears('samples')).symbols).toEqual(['', 'a', 'b', 'c']);
  });
});
