/** Values that have no picture: a table, with a bar behind each number to compare them by. */
import type { Drawn } from '../../protocol.ts';
import { el } from '../ui/dom.ts';
import { counted, value } from '../ui/words.ts';
import type { View } from './view.ts';

/** Examples and numbers of each that are shown. */
const ROWS = 8;
const COLUMNS = 10;

export class Table implements View<Drawn> {
  readonly element = el('div', { className: 'numbers-table', tabIndex: 0 });

  pack(drawn: Drawn): Drawn {
    return drawn;
  }

  bytesOf({ values }: Drawn): number {
    return 4 * values.length;
  }

  describe({ count, values }: Drawn): string {
    return `${counted(count, 'example')} of ${counted(values.length / count, 'number')}`;
  }

  set label(text: string) {
    this.element.setAttribute('role', 'region');
    this.element.setAttribute('aria-label', text);
  }

  show({ count, values }: Drawn): void {
    const size = values.length / count;
    const columns = Math.min(COLUMNS, size);
    const rows = Math.min(ROWS, count);
    let reach = 1e-12;
    for (const v of values) if (Number.isFinite(v)) reach = Math.max(reach, Math.abs(v));
    const table = el('table');
    if (columns > 1) {
      const heads = Array.from({ length: columns }, (_, i) =>
        el('th', { scope: 'col', textContent: String(i) }),
      );
      table.append(el('thead', {}, el('tr', {}, el('td'), ...heads)));
    }
    const body = el('tbody');
    for (let k = 0; k < rows; k++) {
      const cells = Array.from({ length: columns }, (_, i) => {
        const v = values[k * size + i]!;
        const cell = el('td', { textContent: value(v) });
        const share = Math.round((100 * Math.abs(v)) / reach) || 0;
        cell.style.setProperty('--share', `${share}%`);
        cell.className = v < 0 ? 'below' : '';
        return cell;
      });
      body.append(el('tr', {}, el('th', { scope: 'row', textContent: String(k + 1) }), ...cells));
    }
    table.append(body);
    this.element.replaceChildren(table);
    const more = [
      ...(size > columns ? [`${counted(size - columns, 'more number')} each`] : []),
      ...(count > rows ? [counted(count - rows, 'more example')] : []),
    ];
    if (more.length > 0) {
      this.element.append(el('p', { className: 'muted', textContent: `and ${more.join(', ')}` }));
    }
  }
}
