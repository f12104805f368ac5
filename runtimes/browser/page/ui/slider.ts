/** A labelled slider with its value in words beside it. */
import { el, freshId, setText } from './dom.ts';

export interface SliderOptions {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  /** The value as it is shown and read out. */
  say(value: number): string;
  onInput(value: number): void;
}

export interface Slider {
  readonly element: HTMLElement;
  value: number;
  enabled: boolean;
  setRange(min: number, max: number): void;
}

export function slider(options: SliderOptions): Slider {
  const id = freshId('slider');
  const input = el('input', { type: 'range', id });
  const text = el('output', { className: 'number' });
  input.min = String(options.min);
  input.max = String(options.max);
  input.step = String(options.step);
  input.value = String(options.value);
  const say = () => {
    const words = options.say(Number(input.value));
    setText(text, words);
    input.setAttribute('aria-valuetext', words);
  };
  input.addEventListener('input', () => {
    say();
    options.onInput(Number(input.value));
  });
  say();
  return {
    element: el(
      'div',
      { className: 'slider' },
      el('label', { htmlFor: id, textContent: options.label }),
      text,
      input,
    ),
    get value() {
      return Number(input.value);
    },
    set value(v: number) {
      input.value = String(v);
      say();
    },
    get enabled() {
      return !input.disabled;
    },
    set enabled(on: boolean) {
      input.disabled = !on;
    },
    setRange(min, max) {
      input.min = String(min);
      input.max = String(max);
    },
  };
}
