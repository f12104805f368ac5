/** The line of the bar in terminals of several widths. */
import { expect, test } from 'vitest';
import { fitted } from '../../runtimes/node/progress.ts';

test('the bar gives way to the text, and the text is cut where even that is too wide', () => {
  const text = '12/48 · 5.0 ms/step';
  expect(fitted('train', 0.25, text, 80)).toBe(`train ${'█'.repeat(6)}${'░'.repeat(18)} ${text}`);
  expect(fitted('train', 0.25, text, 35)).toBe(`train ██░░░░░░ ${text}`);
  expect(fitted('train', 0.25, text, 30)).toBe(`train ${text}`);
  expect(fitted('train', 0.25, text, 20)).toBe(`train ${text}`.slice(0, 19));
  for (let columns = 1; columns < 90; columns++)
    expect(fitted('train', 1, text, columns).length).toBeLessThan(columns);
});
