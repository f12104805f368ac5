/**
 * The page of a model in training, driven as a person would: with mouse, keyboard and files. Its worker is one that plays
 * (replay.ts), so that each state is there at once; the last test trains a small model for good.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { inChromium } from './chromium.ts';
import {
  button,
  changed,
  drawn,
  drop,
  pausedAt,
  reach,
  root,
  setStage,
  shoot,
  shown,
  step,
  WAIT,
  WIDE,
  walkOpens,
} from './driver.ts';
import { canvasColours } from './look.ts';

const { played, ready, file, place } = setStage();

inChromium('the page', (browser) => {
  describe('before a run', () => {
    test('says what will happen, shows the data, and Start has the focus', async () => {
      const page = await played(browser(), 'pictures');
      const text = await page.locator('#before').textContent();
      expect(text).toContain('Start trains 3,000 steps of 32 examples on wasm (2 threads, relaxed SIMD)');
      expect(text).toContain('64 pictures of samples');
      expect(text).toContain('d_loss and g_loss');
      expect(text).toContain('10,000 grey pictures of 14 × 14 pixels');
      expect(await page.locator('h1').textContent()).toBe('pictures');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('go');
      await drawn(page);
      await expect.poll(() => canvasColours(page, '#preview canvas'), WAIT).toBeGreaterThan(20);
      // Nothing that is still empty is shown.
      expect(await page.locator('#curves').isVisible()).toBe(false);
      expect(await page.locator('#walk').isVisible()).toBe(false);
    });

    test('every backend is there, with its device, or why it is not', async () => {
      const page = await played(browser(), 'pictures');
      const group = page.getByRole('group', { name: 'Backend' });
      expect(await group.getByRole('radio').count()).toBe(5);
      expect(await group.getByRole('radio', { name: /Automatic takes wasm/ }).isChecked()).toBe(true);
      const webgpu = group.getByRole('radio', { name: /webgpu not available: this browser has no WebGPU/ });
      expect(await webgpu.isDisabled()).toBe(true);
      await group.getByRole('radio', { name: /^webgl/ }).check();
      expect(await page.locator('#before').textContent()).toContain('on webgl (SwiftShader)');
    });

    test('a number that cannot be is not started with', async () => {
      const page = await played(browser(), 'pictures');
      await page.getByLabel('Steps', { exact: true }).fill('0');
      await button(page, 'Start').click();
      expect(await page.getByLabel('Steps', { exact: true }).evaluate((e) => e.matches(':invalid'))).toBe(
        true,
      );
      expect(await page.evaluate(() => document.body.dataset.begun)).toBe('no');
    });

    test('without cross-origin isolation it says that wasm has one thread', async () => {
      const page = await played(browser(), 'pictures&alone');
      await page.getByText('wasm has one thread here').waitFor();
    });
  });

  describe('a run', () => {
    test('starts, shows progress, curves and pictures, pauses and goes on', async () => {
      const page = await played(browser(), 'pictures');
      await button(page, 'Start').click();
      await reach(page, 60);
      expect(await page.locator('#where').textContent()).toMatch(/^step [\d,]+ of 3,000$/);
      expect(await page.locator('#step-time').textContent()).toBe('3.20 ms');
      expect(await page.locator('#time-left').textContent()).toMatch(/^\d+ s$/);
      expect(Number(await page.locator('#progress').getAttribute('value'))).toBeGreaterThan(0.015);
      await button(page, 'Pause').click();
      await button(page, 'Resume').waitFor();
      const at = await step(page);
      expect(await page.locator('#live').textContent()).toBe(`Paused after ${at} steps`);
      await drawn(page);
      await expect.poll(() => canvasColours(page, '.output canvas'), WAIT).toBeGreaterThan(20);
      await expect.poll(() => canvasColours(page, '#curves canvas'), WAIT).toBeGreaterThan(3);
      const legend = await page.locator('#curves .legend').textContent();
      expect(legend).toMatch(/d_loss \d\.\d+\s*g_loss \d\.\d+/);
      await page.waitForTimeout(150);
      expect(await step(page)).toBe(at);
      await button(page, 'Resume').click();
      await reach(page, at + 10);
    });

    test('goes step by step, from the first', async () => {
      const page = await played(browser(), 'pictures');
      await button(page, 'Step').click();
      await page.waitForFunction(() =>
        document.getElementById('where')!.textContent!.startsWith('step 1 of'),
      );
      await page.getByLabel('Steps at a time').selectOption('10');
      await button(page, 'Step').click();
      await page.waitForFunction(() =>
        document.getElementById('where')!.textContent!.startsWith('step 11 of'),
      );
      await button(page, 'Resume').waitFor();
    });

    test('ends by itself, says so, and begins anew after a reset', async () => {
      const page = await played(browser(), 'points');
      await page.getByLabel('Steps', { exact: true }).fill('40');
      await page.getByLabel('Seed').fill('7');
      await button(page, 'Start').click();
      await page.getByText('step 40 of 40, finished').waitFor();
      expect(await page.locator('#live').textContent()).toMatch(/^Finished: 40 steps in /);
      expect(await page.locator('#settings-brief').textContent()).toContain('seed 7 · 40 steps of 32');
      await button(page, 'Reset').click();
      const dialog = page.getByRole('dialog', { name: 'Reset?' });
      await dialog.getByRole('button', { name: 'Go on with the run' }).click();
      expect(await page.locator('.output').count()).toBe(1);
      await button(page, 'Reset').click();
      await dialog.getByRole('button', { name: 'Reset', exact: true }).click();
      await button(page, 'Start').waitFor();
      expect(await page.locator('.output').count()).toBe(0);
      expect(await page.getByLabel('Seed').inputValue()).toBe('7');
    });

    test('shows the same latents at earlier moments', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 160);
      await drawn(page);
      const newest = await shown(page, '.output canvas');
      const slider = page.getByRole('slider', { name: 'Earlier moments' });
      await slider.focus();
      await page.keyboard.press('Home');
      await drawn(page);
      expect(await slider.getAttribute('aria-valuetext')).toBe('step 0');
      expect(await page.locator('.output .head').textContent()).toMatch(/step 0, latest is \d+/);
      const first = await changed(page, '.output canvas', newest);
      expect(first).not.toBe(newest);
      await page.getByRole('button', { name: 'Show the latest samples' }).click();
      expect(await changed(page, '.output canvas', first)).toBe(newest);
      await page.getByRole('button', { name: 'Show real ones' }).click();
      expect(await changed(page, '.output canvas', newest)).not.toBe(first);
    });

    test('pictures are crisp: a whole number of screen pixels to each of theirs', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 20);
      await drawn(page);
      const factor = await page.locator('.output canvas').evaluate((e) => {
        const canvas = e as HTMLCanvasElement;
        return [canvas.getBoundingClientRect().width / canvas.width, getComputedStyle(canvas).imageRendering];
      });
      expect(factor[1]).toBe('pixelated');
      expect(Number.isInteger(factor[0])).toBe(true);
    });

    test('points lie over the real ones and what D says, each of which can be hidden', async () => {
      const page = await played(browser(), 'points');
      await pausedAt(page, 120);
      await drawn(page);
      let now = await shown(page, '.output canvas');
      const seen = new Set([now]);
      for (const name of ['generated', 'real', /^D says/]) {
        const toggle = page.locator('.output').getByRole('button', { name });
        await toggle.click();
        expect(await toggle.getAttribute('aria-pressed')).toBe('false');
        now = await changed(page, '.output canvas', now);
        seen.add(now);
      }
      expect(seen.size).toBe(4);
      expect(await page.locator('.output canvas').getAttribute('aria-label')).toMatch(
        /^samples at step \d+: a scatter of 1,000 generated points over 1,000 real ones, over the values of D/,
      );
    });

    test('numbers and sound have views of their own', async () => {
      const page = await played(browser(), 'mixed');
      await pausedAt(page, 40);
      await drawn(page);
      const codes = page.getByRole('region', { name: 'codes', exact: true });
      expect(await codes.locator('td:not(:empty)').count()).toBe(48);
      const tones = page.getByRole('region', { name: 'tones', exact: true });
      const play = tones.getByRole('button', { name: 'Play sound 2' });
      await play.click();
      await expect.poll(() => canvasColours(page, '.output.sound canvas'), WAIT).toBeGreaterThan(1);
      expect(await page.locator('#curves .chart').count()).toBe(2);
    });

    test('a logarithmic scale where values are positive', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 60);
      const box = page.getByLabel('Log scale');
      expect(await box.isDisabled()).toBe(false);
      await drawn(page);
      const before = await shown(page, '#curves canvas');
      await box.check();
      await changed(page, '#curves canvas', before);
      await page.getByRole('button', { name: /^d_loss/ }).click();
      await drawn(page);
      expect(await page.getByRole('button', { name: /^d_loss/ }).getAttribute('aria-pressed')).toBe('false');
    });
  });

  describe('a walk', () => {
    test('waits for a pause, and each slider changes what is drawn', async () => {
      const page = await played(browser(), 'pictures');
      await button(page, 'Start').click();
      await reach(page, 150);
      expect(await page.locator('.walk-body').isVisible()).toBe(false);
      await button(page, 'Pause').click();
      const first = page.getByRole('slider', { name: 'Direction 1' });
      await walkOpens(page);
      let now = await shown(page, '.walk-view canvas');
      const seen = new Set([now]);
      for (const name of ['Direction 1', 'Direction 2', 'Direction 3']) {
        await page.getByRole('slider', { name }).focus();
        for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight');
        now = await changed(page, '.walk-view canvas', now);
        seen.add(now);
      }
      expect(seen.size).toBe(4);
      expect(await first.getAttribute('aria-valuetext')).toBe('+1.00');
    });

    test('along single numbers, from another place, and between two', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 200);
      await walkOpens(page);
      await page.getByRole('radio', { name: 'Single numbers' }).check();
      const number = page.getByRole('slider', { name: 'z[0]' });
      await drawn(page);
      const seen = [await shown(page, '.walk-view canvas')];
      await number.focus();
      await page.keyboard.press('Home');
      seen.push(await changed(page, '.walk-view canvas', seen.at(-1)!));
      expect(await number.getAttribute('aria-valuetext')).toBe('−3.00');
      await button(page, 'Random').click();
      seen.push(await changed(page, '.walk-view canvas', seen.at(-1)!));
      await page.getByLabel('from picture').fill('5');
      await page.keyboard.press('Enter');
      seen.push(await changed(page, '.walk-view canvas', seen.at(-1)!));
      await page.getByRole('radio', { name: 'Between two' }).check();
      await drawn(page);
      await expect.poll(() => canvasColours(page, '.strip canvas'), WAIT).toBeGreaterThan(20);
      // It goes on from where it stood.
      expect(await shown(page, '.walk-view canvas')).toBe(seen.at(-1));
      await page.getByRole('slider', { name: 'Between' }).focus();
      await page.keyboard.press('End');
      seen.push(await changed(page, '.walk-view canvas', seen.at(-1)!));
      await button(page, 'New second').click();
      seen.push(await changed(page, '.walk-view canvas', seen.at(-1)!));
      expect(new Set(seen).size).toBe(6);
    });

    test('begins at the picture that is pressed', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 200);
      await walkOpens(page);
      const before = await shown(page, '.walk-view canvas');
      await page.locator('.output canvas').click({ position: { x: 300, y: 300 } });
      await changed(page, '.walk-view canvas', before);
    });

    test('a noise of classes is a choice of classes', async () => {
      const page = await played(browser(), 'mixed');
      await pausedAt(page, 40);
      await page.getByLabel('Output that is walked').selectOption('tones');
      await page.getByLabel('c', { exact: true }).selectOption('class 2');
      await page.getByRole('radio', { name: 'Single numbers' }).check();
      expect(await page.getByRole('slider', { name: /^c\[/ }).count()).toBe(0);
      expect(await page.getByRole('slider', { name: /^z\[/ }).count()).toBe(8);
      expect(await page.getByLabel('c', { exact: true }).inputValue()).toBe('2');
    });
  });

  describe('files', () => {
    test('one that is no data is said to be none, where data are chosen, and nothing is lost', async () => {
      const page = await played(browser(), 'points');
      const wrong = await file('notes.docx', 'no numbers');
      await drop(page, [wrong], '.record');
      const alert = page.locator('#messages-data').getByRole('alert');
      expect(await alert.textContent()).toMatch(
        /notes\.docx is no data that can be read\s*IDX, NPY, NPZ and CSV/,
      );
      // What was chosen before is what Start would take.
      await page.getByLabel('Source of x').selectOption('grid');
      expect(await page.locator('#messages-data .message').count()).toBe(0);
      const csv = await file('points.csv', 'x,y\n1,2\n');
      await drop(page, [csv], '.record');
      await page.getByText('10,000 examples from points.csv').waitFor();
      await drop(page, [wrong], '.record');
      await page.getByText('Still the points.csv of before.').waitFor();
      await alert.getByRole('button', { name: /^Dismiss/ }).click();
      expect(await alert.count()).toBe(0);
      await button(page, 'Start').click();
      await reach(page, 5);
      expect(await page.locator('#settings-brief').textContent()).toContain('x: points.csv');
    });

    test('a folder is taken with what is in it', async () => {
      const page = await played(browser(), 'pictures');
      await mkdir(place('animals/cats'), { recursive: true });
      await file('animals/cats/1.png', 'a picture');
      await file('animals/.DS_Store', 'not one');
      await drop(page, [place('animals')], '.record');
      await page.getByText('10,000 examples from cats/1.png').waitFor();
    });

    test('no data yet: Start says what is missing', async () => {
      const page = await played(browser(), 'points');
      await page.getByLabel('Source of x').selectOption('Files of my own');
      await button(page, 'Start').click();
      await page.getByText('`x` has no data yet').waitFor();
      expect(await page.getByLabel('Source of x').evaluate((e) => e === document.activeElement)).toBe(true);
    });

    test('data that are dropped on a run do not change it', async () => {
      const page = await played(browser(), 'points');
      await pausedAt(page, 10);
      await drop(page, [await file('points.csv', '1,2\n')], '.output');
      await page.getByText('the data of a run stay as they are').waitFor();
      await button(page, 'Resume').waitFor();
    });

    test('a checkpoint goes down, and a run goes on from it', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 50);
      const at = await step(page);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        button(page, 'Download checkpoint').click(),
      ]);
      expect(download.suggestedFilename()).toBe(`pictures-${at}.safetensors`);
      const path = place(download.suggestedFilename());
      await download.saveAs(path);
      await button(page, 'Reset').click();
      await page.getByRole('dialog').getByRole('button', { name: 'Reset', exact: true }).click();
      await drop(page, [path], '#before');
      await page.getByText(`At step ${at}`).waitFor();
      await button(page, 'Resume').click();
      await reach(page, at + 5);
      // Over a run that goes on it asks first.
      await page.locator('#load-file').setInputFiles(path);
      const dialog = page.getByRole('dialog', { name: /^Load pictures/ });
      expect(await dialog.textContent()).toContain(`It holds a run after ${at} steps, with seed 0.`);
      await dialog.getByRole('button', { name: 'Load it' }).click();
      await page.getByText(`At step ${at}`).waitFor();
    });

    test('a checkpoint of another model, or none at all: words, and the run is as it was', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 30);
      const at = await step(page);
      const other = await file('other.safetensors', JSON.stringify({ model: 'ring', step: 3, seed: 1 }));
      await page.locator('#load-file').setInputFiles(other);
      await page.getByText('a checkpoint of the model `ring`, which does not fit `pictures`').waitFor();
      await page.locator('#load-file').setInputFiles(await file('broken.safetensors', 'nonsense'));
      await page.getByText('broken.safetensors is not a checkpoint').waitFor();
      expect(await step(page)).toBe(at);
      await button(page, 'Resume').waitFor();
    });

    test('pictures and the log go down as files', async () => {
      const page = await played(browser(), 'pictures');
      await pausedAt(page, 30);
      const [png] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download samples as PNG' }).click(),
      ]);
      const { width, height } = await sharp(await readFile(await png.path())).metadata();
      expect([width, height]).toEqual([5 * 126, 5 * 126]);
      const [csv] = await Promise.all([
        page.waitForEvent('download'),
        button(page, 'Download log (CSV)').click(),
      ]);
      const lines = (await readFile(await csv.path(), 'utf8')).trim().split('\n');
      expect(lines[0]).toBe('step,phase,phaseStep,epoch,ms,d_loss,g_loss');
      expect(lines.length).toBeGreaterThan(10);
    });

    test('a run that the browser kept is offered', async () => {
      const page = await played(browser(), 'pictures&kept');
      await page.getByText('This browser keeps a run: 1,200 steps, seed 4').waitFor();
      await button(page, 'Forget it').click();
      await page.locator('#kept').waitFor({ state: 'hidden' });
    });
  });

  test('a run that breaks says why, and what was learnt stays', async () => {
    const page = await played(browser(), 'pictures&breaks');
    await button(page, 'Start').click();
    const alert = page.locator('#messages').getByRole('alert');
    expect(await alert.textContent()).toMatch(
      /g_loss became NaN at step 60\s*a lower learning rate often helps/,
    );
    await page.getByText('step 60 of 3,000, ended by a problem').waitFor();
    await walkOpens(page);
    expect(await page.locator('.output').count()).toBe(1);
    await Promise.all([page.waitForEvent('download'), button(page, 'Download checkpoint').click()]);
  });

  test('a module that does not load is said, and nothing pretends to work', async () => {
    const page = await played(browser(), 'pictures');
    await page.route('**/replay.js*', (route) => route.fulfill({ status: 404, body: '' }));
    await page.reload();
    await page.getByText(/the model's module does not load/).waitFor();
    expect(await button(page, 'Start').getAttribute('aria-disabled')).toBe('true');
    expect(await page.locator('#where').textContent()).toBe('Nothing can be trained here');
    browser().takeProblems(page);
  });

  test('a context that was lost: the run goes back, and says so', async () => {
    const page = await played(browser(), 'pictures&restores');
    await button(page, 'Start').click();
    await page.getByText('the GPU was lost: the run went back to step 40').waitFor();
    await reach(page, 90);
    await button(page, 'Pause').click();
    // Its curve has one value a step all the same.
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Download log (CSV)').click(),
    ]);
    const rows = (await readFile(await csv.path(), 'utf8')).trim().split('\n').slice(1);
    const steps = rows.map((row) => Number(row.split(',')[0]));
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
  });

  describe('a model that trains', () => {
    test('to its end, its checkpoint down and up again', async () => {
      const source = await file(
        'small.gan',
        `/// Points on a ring, by a small net.
data x ~ [2] from "ring"
noise z ~ normal[4]
net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu(0.2) |> dense(1)
let fake = G(z)
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g_loss = expect(softplus(-D(fake)))
output samples = fake
train (batch = 32, steps = 60) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
  sample z
  update G to minimize g_loss with adam(1e-3)
}
`,
      );
      const folder = place('small');
      const command = [join(root, 'dist/ganc.js'), 'compile', source, '--target', 'browser', '-o', folder];
      await promisify(execFile)(process.execPath, command);
      const page = await ready(await browser().open(folder, { viewport: WIDE, acceptDownloads: true }));
      await page.getByText('The data: 50,000 points in the plane').waitFor();
      await button(page, 'Start').click();
      await page.getByText('step 60 of 60, finished').waitFor();
      await drawn(page);
      await expect.poll(() => canvasColours(page, '.output canvas'), WAIT).toBeGreaterThan(8);
      await expect.poll(() => canvasColours(page, '#curves canvas'), WAIT).toBeGreaterThan(3);
      await page.getByRole('button', { name: /^D says/ }).waitFor();
      const direction = page.getByRole('slider', { name: 'Direction 1' });
      await walkOpens(page);
      const before = await shown(page, '.walk-view canvas');
      await direction.focus();
      for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
      await changed(page, '.walk-view canvas', before);
      await shoot(page, 'trained');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        button(page, 'Download checkpoint').click(),
      ]);
      const path = place(download.suggestedFilename());
      await download.saveAs(path);
      const second = await ready(await browser().open(folder, { viewport: WIDE }));
      await second.locator('#load-file').setInputFiles(path);
      await second.getByText(/60/).first().waitFor();
      await second.getByRole('slider', { name: 'Direction 1' }).waitFor();
      await drawn(second);
      // The same weights draw the same points.
      const points = await shown(page, '.output canvas');
      await expect.poll(() => shown(second, '.output canvas'), WAIT).toBe(points);
    });
  });
});
