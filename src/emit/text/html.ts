/** Text of the user's files in a page: as text or as an attribute in quotes. */
import { visibleLines } from '../../../runtimes/core/visible.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function htmlText(text: string): string {
  return visibleLines(text)
    .join('\n')
    .replace(/[&<>"']/g, (c) => ENTITIES[c]!);
}

/** A template with `{{name}}` in it, each filled with a text. */
export function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => htmlText(values[name] ?? ''));
}
