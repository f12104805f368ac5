/** Light and dark: as the system has it, or as chosen here; and the colours that canvases draw with. */
import { byId } from './dom.ts';

type Theme = 'system' | 'light' | 'dark';

const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners: (() => void)[] = [];

/** Called when the colours have changed: what is drawn on a canvas must be drawn again. */
export function onColours(listener: () => void): void {
  listeners.push(listener);
}

/** A colour of page.css by its variable's name, as the page has it now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Lines of curves, in the order of their names; told apart by the colour-blind, and on both grounds. */
export function seriesColour(index: number): string {
  return colour(`series-${(index % 6) + 1}`);
}

/** `#rrggbb` as three bytes. */
export function rgb(hex: string): [number, number, number] {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

export function setUpTheme(): void {
  let chosen: Theme = 'system';
  try {
    const kept = localStorage.getItem('ganc-theme');
    if (kept === 'light' || kept === 'dark') chosen = kept;
  } catch {
    // A browser that keeps nothing follows the system.
  }
  const apply = () => {
    const theme = chosen === 'system' ? (dark.matches ? 'dark' : 'light') : chosen;
    document.documentElement.dataset.theme = theme;
    for (const listener of listeners) listener();
  };
  for (const input of byId('theme').querySelectorAll('input')) {
    input.checked = input.value === chosen;
    input.addEventListener('change', () => {
      chosen = input.value as Theme;
      try {
        localStorage.setItem('ganc-theme', chosen);
      } catch {
        // It holds for this visit.
      }
      apply();
    });
  }
  dark.addEventListener('change', apply);
  apply();
}
