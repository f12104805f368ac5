/** What can be said of a page's look and names on any machine: contrast, empty canvases, things that move, nameless ones. */
import type { Page } from 'playwright-core';

/** Different colours in a canvas, up to 1000. */
export function canvasColours(page: Page, selector: string): Promise<number> {
  return page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const copy = document.createElement('canvas');
      copy.width = canvas.width;
      copy.height = canvas.height;
      const context = copy.getContext('2d', { willReadFrequently: true })!;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, copy.width, copy.height);
      const seen = new Set<number>();
      for (let i = 0; i < data.length && seen.size < 1000; i += 4) {
        seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
      }
      return seen.size;
    });
}

/**
 * Texts whose contrast with what is behind them is below AA (WCAG 2.2, 1.4.3: 4.5, or 3 where they are large). What is
 * switched off is left out, as there.
 */
export async function contrasts(page: Page): Promise<string[]> {
  // Colours that are still on their way are not those that stay.
  await page.waitForTimeout(200);
  return page.evaluate(() => {
    type Colour = [number, number, number, number];
    const parse = (text: string): Colour => {
      const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = (top: Colour, under: Colour): Colour => {
      const mix = (i: 0 | 1 | 2) => top[i] * top[3] + under[i] * (1 - top[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const luminance = ([r, g, b]: Colour) => {
      const linear = (v: number) =>
        v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const low: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const text = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent!.trim() !== '');
      if (!text || !element.checkVisibility() || element.closest('.hidden, :disabled, script') !== null)
        continue;
      if (element.closest('[aria-disabled="true"], .off') !== null) continue;
      const line: HTMLElement[] = [];
      for (let e: HTMLElement | null = element; e !== null; e = e.parentElement) line.unshift(e);
      let ground: Colour = [255, 255, 255, 1];
      let opacity = 1;
      for (const e of line) {
        const style = getComputedStyle(e);
        opacity *= Number(style.opacity);
        ground = over(parse(style.backgroundColor), ground);
      }
      const style = getComputedStyle(element);
      const [r, g, b, a] = parse(style.color);
      const ink = over([r, g, b, a * opacity], ground);
      const [light, dark] = [luminance(ink), luminance(ground)].sort((x, y) => y - x) as [number, number];
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) {
        low.push(
          `${ratio.toFixed(2)} <${element.tagName.toLowerCase()}> ${element.textContent!.trim().slice(0, 40)}`,
        );
      }
    }
    return low;
  });
}

/** What is pressed, chosen, moved or looked at, and has no name in the browser's own accessibility tree. */
export async function unnamed(page: Page): Promise<string[]> {
  const roles = new Set([
    'button',
    'checkbox',
    'combobox',
    'dialog',
    'group',
    'image',
    'img',
    'radio',
    'region',
    'slider',
    'spinbutton',
    'textbox',
    'progressbar',
  ]);
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const wrong = nodes.filter((node) => {
    const role = String(node.role?.value ?? '');
    return !node.ignored && roles.has(role) && String(node.name?.value ?? '').trim() === '';
  });
  const named: string[] = [];
  for (const node of wrong) {
    const { object } = await session.send('DOM.resolveNode', { backendNodeId: node.backendDOMNodeId! });
    const { result } = await session.send('Runtime.callFunctionOn', {
      objectId: object.objectId!,
      functionDeclaration: 'function () { return this.outerHTML?.slice(0, 120) ?? String(this); }',
    });
    // What can be folded away is a group, too, and named by the button that folds it.
    if (!String(result.value).startsWith('<details')) named.push(`${node.role?.value}: ${result.value}`);
  }
  await session.detach();
  return named;
}

/** Boxes that change their place or size within so many frames. */
export function jumps(page: Page, frames: number): Promise<string[]> {
  return page.evaluate(async (count) => {
    const watched = [
      ...document.querySelectorAll<HTMLElement>(
        '.transport *, .panel, .panel h2, .panel canvas, .panel button',
      ),
    ];
    const place = (e: HTMLElement) => {
      const { left, top, height } = e.getBoundingClientRect();
      return [left, top, height].map(Math.round).join(' ');
    };
    const first = new Map(watched.filter((e) => e.checkVisibility()).map((e) => [e, place(e)]));
    const moved = new Set<string>();
    for (let i = 0; i < count; i++) {
      await new Promise(requestAnimationFrame);
      for (const [element, was] of first) {
        if (element.isConnected && place(element) !== was)
          moved.add(`${element.outerHTML.slice(0, 60)}: ${was} → ${place(element)}`);
      }
    }
    return [...moved];
  }, frames);
}

/** In the page: what reaches past its edges, and panels that lie over one another. */
export function overflowing(): string[] {
  const wrong: string[] = [];
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > edge) wrong.push('the page scrolls sideways');
  for (const element of document.querySelectorAll<HTMLElement>('main *, .transport *, .top *')) {
    // What scrolls within itself, or is there for screen readers, may be wider.
    if (!element.checkVisibility() || element.closest('.numbers-table, .hidden, .uplot') !== null) continue;
    const { right, left, width } = element.getBoundingClientRect();
    if (width > 0 && (right > edge + 1 || left < -1)) wrong.push(element.outerHTML.slice(0, 80));
  }
  const panels = [...document.querySelectorAll('.panel')].filter((p) => p.checkVisibility());
  const boxes = panels.map((p) => p.getBoundingClientRect());
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 1) wrong.push(`${panels[i]!.className} lies over another`);
    }
  });
  return wrong;
}
