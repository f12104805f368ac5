/** Repairs are tried before they are proposed: the text is checked with the edit made. */
import type { Diagnostic, Edit, Source } from '../../diagnostics/diagnostic.ts';

/** So many are tried; a file with more errors in its shapes is mended one by one. */
const MOST = 4;

/**
 * The findings of a text, without the repairs of shapes that would not mend it: those that leave their error where it is,
 * bring about another, or draw a finding themselves. `analyse` gives the findings of another text of the same file.
 */
export function withProvenRepairs(
  source: Source,
  found: readonly Diagnostic[],
  analyse: (source: Source) => readonly Diagnostic[],
): Diagnostic[] {
  let tried = 0;
  return found.map((finding) => {
    const { fix, help: _, fix: __, ...bare } = finding;
    const ours = fix?.every(({ span }) => span.file === source.path);
    if (!fix || fix.length === 0 || !ours || !finding.code.startsWith('GAN03') || ++tried > MOST)
      return finding;
    const { text, places } = edited(source.text, fix);
    const now = analyse({ ...source, text });
    const count = (list: readonly Diagnostic[], what: string) =>
      list.filter((each) => identity(each) === what).length;
    // The same mistake may stand in several places: each repair mends one of them.
    const left = count(now, identity(finding)) >= count(found, identity(finding));
    const worse = now.some((after) => {
      if (after.severity !== 'error')
        return places.some(([from, to]) => after.span.start < to && from < after.span.end);
      // A schedule is looked at only when all shapes meet, so what is said of it then is no fault of the repair.
      return !after.code.startsWith('GAN05') && count(found, identity(after)) === 0;
    });
    return left || worse ? bare : finding;
  });
}

const identity = ({ code, message }: Diagnostic) => `${code} ${message}`;

/** The text after the edits, and where they are in it. */
function edited(text: string, fix: readonly Edit[]): { text: string; places: [number, number][] } {
  let result = '';
  let at = 0;
  const places: [number, number][] = [];
  for (const { span, text: by } of [...fix].sort((a, b) => a.span.start - b.span.start)) {
    result += text.slice(at, span.start);
    places.push([result.length, result.length + by.length]);
    result += by;
    at = span.end;
  }
  return { text: result + text.slice(at), places };
}
