/** Single keys, for whoever stands before a class; they can be switched off (WCAG 2.1.4). */
import { byId } from './dom.ts';

export function setUpKeys(actions: Record<string, () => void>): void {
  const on = byId<HTMLInputElement>('keys-on');
  try {
    on.checked = localStorage.getItem('ganc-keys') !== 'off';
  } catch {
    // A browser that keeps nothing has them on.
  }
  on.addEventListener('change', () => {
    try {
      localStorage.setItem('ganc-keys', on.checked ? 'on' : 'off');
    } catch {
      // It holds for this visit.
    }
  });
  document.addEventListener('keydown', (event) => {
    if (!on.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target as HTMLElement;
    if (document.querySelector('dialog[open]') !== null || isWriting(target)) return;
    // Space on a button presses that button.
    if (event.key === ' ' && target.closest('button, summary, input, a, [tabindex]') !== null) return;
    const act = actions[event.key.toLowerCase()];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}

/** Letters go into it, or choose in it. */
function isWriting(target: HTMLElement): boolean {
  if (target instanceof HTMLInputElement)
    return !['checkbox', 'radio', 'range', 'button'].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
