/** What went wrong and what is worth knowing, in words, near where it belongs, until it is dismissed. */
import type { About } from '../../protocol.ts';
import { byId, el } from './dom.ts';

export interface Said {
  about: About;
  message: string;
  hint: string | null;
}

/** Places of their own; everything else is said at the top. */
const places: Partial<Record<About, string>> = {
  data: 'messages-data',
  backend: 'messages-backend',
  checkpoint: 'messages-checkpoint',
};

/** Something failed: announced at once. */
export function sayProblem(said: Said): void {
  show(said, 'problem');
}

export function sayNotice(said: Said): void {
  show(said, 'notice');
}

/** What was said about this is settled: the next try begins without it. */
export function clearProblems(about: About): void {
  for (const box of document.querySelectorAll(`.message.problem[data-about="${about}"]`)) box.remove();
}

/** At the top where its own place is folded away. */
function placeFor(about: About): HTMLElement {
  const id = places[about];
  const own = id === undefined ? null : byId(id);
  return own?.closest('details')?.open ? own : byId('messages');
}

function show({ about, message, hint }: Said, kind: 'problem' | 'notice'): void {
  // Said again, it takes the place of what was said before, and is announced again.
  for (const old of document.querySelectorAll<HTMLElement>('.message')) {
    if (old.dataset.text === message) old.remove();
  }
  const dismiss = el('button', { type: 'button', className: 'quiet', textContent: 'Dismiss' });
  dismiss.setAttribute('aria-label', `Dismiss: ${message}`);
  const box = el(
    'div',
    { className: `message ${kind}`, attributes: { role: kind === 'problem' ? 'alert' : 'status' } },
    el('div', {}, el('p', { textContent: message })),
    dismiss,
  );
  if (hint !== null) box.firstElementChild!.append(el('p', { className: 'hint', textContent: hint }));
  box.dataset.about = about;
  box.dataset.text = message;
  dismiss.addEventListener('click', () => {
    box.remove();
    // Focus goes to what one does next rather than to the top of the page.
    byId('go').focus();
  });
  const place = placeFor(about);
  place.append(box);
  if (kind === 'problem') box.scrollIntoView({ block: 'nearest' });
}

/** Read out when the reader has finished a sentence; for what changes rarely (never each step). */
export function announce(text: string): void {
  byId('live').textContent = text;
}
