/** Text that an output writes, an example a line. */
import { joined, textsOf } from '../../../core/run/text.ts';
import type { Drawn } from '../../protocol.ts';
import { el } from '../ui/dom.ts';
import { counted } from '../ui/words.ts';
import type { View } from './view.ts';

export class Texts implements View<string[]> {
  readonly element = el('pre', { className: 'texts', tabIndex: 0 });

  pack({ values, shape, symbols }: Drawn): string[] {
    return textsOf(values, shape, symbols ?? null);
  }

  bytesOf(texts: string[]): number {
    return texts.reduce((sum, text) => sum + 2 * text.length, 0);
  }

  describe(texts: string[]): string {
    return counted(texts.length, 'text');
  }

  set label(text: string) {
    this.element.setAttribute('role', 'region');
    this.element.setAttribute('aria-label', text);
  }

  /** What a file or a net wrote is text and never markup. */
  show(texts: string[]): void {
    this.element.textContent = joined(texts);
  }
}
