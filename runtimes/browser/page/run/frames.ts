/**
 * When things are drawn: at most 30 times a second, however fast messages come, and each thing once a frame. Nothing
 * is drawn while the page is not seen.
 */

/** Milliseconds between two frames at least; a little under 1/30 s, so that every second frame of 60 is taken. */
const PAUSE = 31;

const waiting = new Set<() => void>();
let last = Number.NEGATIVE_INFINITY;
let asked = false;

/** Runs `draw` in the next frame; asked for twice, it runs once. */
export function soon(draw: () => void): void {
  waiting.add(draw);
  if (asked) return;
  asked = true;
  requestAnimationFrame(frame);
}

function frame(now: number): void {
  if (now - last < PAUSE) {
    requestAnimationFrame(frame);
    return;
  }
  last = now;
  asked = false;
  const due = [...waiting];
  waiting.clear();
  for (const draw of due) draw();
}
