/** Every stage prints, the same each time, and says what it is about. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyse, stageText } from '../../../src/compile.ts';
import { stages } from '../../../src/emit/stages.ts';

const words = {
  ast: 'fake',
  model: 'D/dense_1/kernel',
  ir: 'd_loss',
  grad: 'D/dense_1/kernel',
  plan: 'sample x, z',
  js: 'export const model',
};

describe.each(['ring.gan', 'conv.gan'])('%s', (name) => {
  const text = readFileSync(join(import.meta.dirname, name), 'utf8');
  const read = () => analyse({ source: { path: name, text }, load: () => undefined });

  test.each(stages)('%s', (stage) => {
    const printed = stageText(stage, read())!;
    expect(printed).toContain(words[stage]);
    expect(printed.endsWith('\n')).toBe(true);
    expect(stageText(stage, read())).toBe(printed);
  });
});

test('the losses, before anything is differentiated', async () => {
  const text = readFileSync(join(import.meta.dirname, 'ring.gan'), 'utf8');
  const analysis = analyse({ source: { path: 'ring.gan', text }, load: () => undefined });
  await expect(stageText('ir', analysis)).toMatchFileSnapshot(join(import.meta.dirname, 'ring.ir'));
});
