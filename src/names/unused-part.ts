/** What is said of a name in a tuple's pattern that nothing uses. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Extras } from '../diagnostics/table.ts';

export function unusedPart(span: Span): Extras {
  return { help: 'write `_` for a part that is not needed', fix: [{ span, text: '_' }] };
}
