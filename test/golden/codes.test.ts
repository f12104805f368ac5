/** Every code of the table: its page, its example, and what the example brings about. */
import { describe, expect, test } from 'vitest';
import { byPath } from '../../src/cli/frontend.ts';
import { inOrder, renderFrame } from '../../src/cli/render.ts';
import { analyse } from '../../src/compile.ts';
import type { Diagnostic, Entry, Source } from '../../src/diagnostics/diagnostic.ts';
import { table } from '../../src/diagnostics/table.ts';

const entries = Object.entries(table as Record<string, Entry<never>>).sort(([a], [b]) => (a < b ? -1 : 1));

function findings(entry: Entry<never>): { found: readonly Diagnostic[]; sources: Map<string, Source> } {
  const files = entry.exampleFiles ?? {};
  const analysis = analyse({
    source: { path: 'example.gan', text: entry.example },
    set: entry.exampleSet ?? {},
    load: (path) => (files[path] === undefined ? undefined : { path, text: files[path] }),
  });
  return { found: analysis.diagnostics, sources: byPath(analysis.sources) };
}

test('the table is filled', () => {
  expect(entries.length).toBeGreaterThan(60);
});

describe.each(entries)('%s', (code, entry) => {
  test('has its place in a family, a title and a page', () => {
    expect(code).toMatch(/^GAN0[1-5]\d\d$/);
    expect(entry.title).toMatch(/^[^\n.]{3,70}$/);
    const lines = entry.explain.trim().split('\n');
    expect(entry.explain.trim().length).toBeGreaterThan(120);
    expect(lines.length).toBeLessThanOrEqual(40);
  });

  test('its example brings about exactly it', () => {
    const { found } = findings(entry);
    expect([...new Set(found.map((d) => d.code))]).toEqual([code]);
    for (const d of found) {
      expect(d.severity).toBe(entry.severity);
      expect(d.message).not.toMatch(/undefined|NaN|\[object|\.$|\n/);
      expect(d.span.end).toBeGreaterThanOrEqual(d.span.start);
    }
  });

  if (entry.severity !== 'error') {
    test('"// allow" on the line above silences it', () => {
      const { found, sources } = findings(entry);
      const text = entry.example;
      const file = 'example.gan';
      const starts = found
        .filter((d) => d.span.file === file)
        .map((d) => text.lastIndexOf('\n', d.span.start - 1) + 1);
      let allowed = text;
      for (const at of [...new Set(starts)].sort((a, b) => b - a)) {
        allowed = `${allowed.slice(0, at)}// allow ${code}\n${allowed.slice(at)}`;
      }
      expect(sources.has(file)).toBe(true);
      expect(findings({ ...entry, example: allowed }).found.map((d) => d.code)).toEqual([]);
    });
  }
});

/** What a reader sees: the text above, the finding below. */
test.each([...new Set(entries.map(([code]) => code.slice(0, 5)))])('%s, as they are said', async (family) => {
  const pages = entries
    .filter(([code]) => code.startsWith(family))
    .map(([code, entry]) => {
      const { found, sources } = findings(entry);
      const frames = inOrder(found).map((d) => renderFrame(d, sources));
      return `${'═'.repeat(100)}\n${code} ${entry.title}\n\n${entry.example.trim()}\n${'─'.repeat(100)}\n${frames.join('\n\n')}\n`;
    });
  await expect(pages.join('\n')).toMatchFileSnapshot(`findings/${family}.txt`);
});
