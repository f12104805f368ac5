/**
 * The page for everyone: by keyboard alone, by the names that a screen reader reads, in the light and in the dark, from a
 * phone to a wall.
 *
 * Its look is held by what must be true on any machine (nothing overflows or moves, no canvas is empty, contrast as computed
 * from styles, a dark page is dark), not by its pixels: fonts differ from one system to the next. With GANC_SHOTS=DIR
 * pictures of it are written there to be looked at.
 */
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inChromium } from './chromium.ts';
import {
  button,
  drawn,
  PHONE,
  pausedAt,
  reach,
  setStage,
  shoot,
  step,
  WAIT,
  WIDE,
  walkOpens,
} from './driver.ts';
import { canvasColours, contrasts, jumps, overflowing, unnamed } from './look.ts';

const { played } = setStage();

inChromium('the page for everyone', (browser) => {
  describe('by keyboard alone', () => {
    test('single keys, and off when they are switched off', async () => {
      const page = await played(browser(), 'pictures');
      await page.keyboard.press('Space');
      await reach(page, 20);
      await page.locator('h1').click();
      await page.keyboard.press('Space');
      await button(page, 'Resume').waitFor();
      const at = await step(page);
      await page.keyboard.press('s');
      await page.waitForFunction(
        (n) => document.getElementById('where')!.textContent!.startsWith(`step ${n} `),
        at + 1,
      );
      await page.keyboard.press('l');
      expect(await page.getByLabel('Log scale').isChecked()).toBe(true);
      await page.keyboard.press('r');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('Keys', { exact: true }).click();
      await page.getByLabel('Single keys work').uncheck();
      await page.locator('h1').click();
      await page.keyboard.press('s');
      await page.waitForTimeout(150);
      expect(await step(page)).toBe(at + 1);
    });

    test('everything that can be pressed is reached with Tab, and its focus is seen', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 40);
      await walkOpens(page);
      const wanted = await page.evaluate(() => {
        const all = [
          ...document.querySelectorAll<HTMLElement>('button, select, input, summary, [tabindex="0"]'),
        ];
        const can = all.filter(
          (e) => e.checkVisibility() && !e.matches(':disabled, [tabindex="-1"], dialog *'),
        );
        // Of radio buttons in a group, Tab reaches the one that is chosen.
        const stops = can.filter((e) => !(e instanceof HTMLInputElement && e.type === 'radio' && !e.checked));
        stops.forEach((e, i) => {
          e.dataset.stop = String(i);
        });
        return stops.length;
      });
      expect(wanted).toBeGreaterThan(18);
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      const seen = new Set<string>();
      const unseen: string[] = [];
      for (let i = 0; i < wanted + 5; i++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const e = document.activeElement as HTMLElement;
          // A radio button is drawn by what stands beside it.
          const drawn = e.parentElement?.parentElement?.classList.contains('segments')
            ? e.nextElementSibling!
            : e;
          return { stop: e.dataset.stop, outline: getComputedStyle(drawn).outlineStyle, html: e.outerHTML };
        });
        if (at.stop === undefined) continue;
        seen.add(at.stop);
        if (at.outline === 'none') unseen.push(at.html);
      }
      expect(seen.size).toBe(wanted);
      expect(unseen).toEqual([]);
    });
  });

  describe('for everyone', () => {
    test.each(['pictures', 'points', 'mixed'])(
      'every control and picture of %s has a name',
      async (model) => {
        const page = await played(browser(), model);
        expect(await unnamed(page)).toEqual([]);
        await pausedAt(page, 30);
        await walkOpens(page);
        await drawn(page);
        expect(await unnamed(page)).toEqual([]);
        await page.getByRole('radio', { name: 'Between two' }).check();
        await button(page, 'Reset').click();
        expect(await unnamed(page)).toEqual([]);
      },
    );

    test('who asked for less motion gets none', async () => {
      const page = await played(browser(), 'pictures', { reducedMotion: 'reduce' });
      const moving = await page.evaluate(
        () =>
          [...document.querySelectorAll('*')].filter((e) => {
            const { transitionDuration, animationName } = getComputedStyle(e);
            return transitionDuration !== '0s' || animationName !== 'none';
          }).length,
      );
      expect(moving).toBe(0);
    });

    test('nothing moves while values change', async () => {
      const page = await played(browser(), 'points');
      await button(page, 'Start').click();
      await reach(page, 60);
      expect(await jumps(page, 40)).toEqual([]);
    });

    test('light and dark: as the system has it, or as chosen, which is remembered', async () => {
      const page = await played(browser(), 'pictures', { colorScheme: 'dark' });
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      expect(await theme()).toBe('dark');
      await page.emulateMedia({ colorScheme: 'light' });
      await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
      await page.getByRole('radio', { name: 'Dark' }).check();
      expect(await theme()).toBe('dark');
      await page.reload();
      await button(page, 'Start').waitFor();
      expect(await theme()).toBe('dark');
    });
  });

  describe('how it looks', () => {
    const looks = [
      { name: 'light', viewport: WIDE, colorScheme: 'light' },
      { name: 'dark', viewport: WIDE, colorScheme: 'dark' },
      { name: 'phone', viewport: PHONE, colorScheme: 'light' },
      { name: 'phone-dark', viewport: PHONE, colorScheme: 'dark' },
    ] as const;
    for (const { name, ...options } of looks) {
      test(`in training, ${name}`, async () => {
        const page = await played(browser(), 'points', options);
        expect(await contrasts(page)).toEqual([]);
        await shoot(page, `before-${name}`);
        await button(page, 'Start').click();
        await reach(page, 140);
        await drawn(page);
        const png = await page.screenshot();
        await shoot(page, `training-${name}`);
        expect(await contrasts(page)).toEqual([]);
        for (const canvas of ['.output canvas', '#curves canvas']) {
          await expect.poll(() => canvasColours(page, canvas), WAIT).toBeGreaterThan(8);
        }
        // The page as a whole is light, or dark.
        const { channels } = await sharp(png).greyscale().stats();
        if (options.colorScheme === 'light') expect(channels[0]!.mean).toBeGreaterThan(200);
        else expect(channels[0]!.mean).toBeLessThan(75);
        await button(page, 'Pause').click();
        await walkOpens(page);
        expect(await contrasts(page)).toEqual([]);
        await shoot(page, `paused-${name}`);
      });
    }

    test('what these tests look for would be found', async () => {
      const page = await played(browser(), 'pictures');
      await page.addStyleTag({
        content: ':root { --muted: #9aa0a6 } h1 { position: relative; left: 100vw }',
      });
      await page.evaluate(() => document.querySelector('main')!.append(document.createElement('button')));
      expect((await contrasts(page)).join()).toContain('A model that is only played.');
      expect(await page.evaluate(overflowing)).toContain('the page scrolls sideways');
      expect(await unnamed(page)).toEqual(['button: <button></button>']);
    });

    test('from 360 to 1600 pixels nothing is wider than the page, and nothing lies over another', async () => {
      const page = await played(browser(), 'mixed');
      const check = async () => {
        const wrong: string[] = [];
        for (const width of [360, 480, 768, 1000, 1280, 1600]) {
          await page.setViewportSize({ width, height: 900 });
          await drawn(page);
          wrong.push(...(await page.evaluate(overflowing)).map((what) => `${width}: ${what}`));
        }
        return wrong;
      };
      expect(await check()).toEqual([]);
      await page.setViewportSize(WIDE);
      await pausedAt(page, 40);
      await walkOpens(page);
      expect(await check()).toEqual([]);
    });
  });
});
