/** Making and finding elements, so that the rest of the page reads as what it shows. */

export type Child = Node | string;

type Properties<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], 'style' | 'dataset' | 'attributes'>
> & {
  /** Attributes that are no properties: `aria-…`, `for`, `role`. */
  attributes?: Record<string, string>;
};

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<K> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const { attributes, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An element of index.html. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found as T;
}

/** Writes only what differs: text that stays is neither laid out nor announced again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Such a button stays where the keyboard's focus is, and says that it does nothing now. (`disabled` would drop the
 * focus whenever a run begins or ends.)
 */
export function setEnabled(button: HTMLElement, enabled: boolean): void {
  button.setAttribute('aria-disabled', enabled ? 'false' : 'true');
}

export function isEnabled(button: HTMLElement): boolean {
  return button.getAttribute('aria-disabled') !== 'true';
}

/** A click that counts only while the button is enabled. */
export function onPress(button: HTMLElement, act: () => void): void {
  button.addEventListener('click', () => {
    if (isEnabled(button)) act();
  });
}

let ids = 0;
/** A fresh id, to tie a label or a description to its element. */
export function freshId(stem: string): string {
  ids++;
  return `${stem}-${ids}`;
}
