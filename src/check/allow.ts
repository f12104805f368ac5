/** `// allow GAN0403` on the line above silences warnings and notes of that code; errors never. */
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { linesOf } from '../diagnostics/lines.ts';
import { table } from '../diagnostics/table.ts';
import type { File } from '../syntax/ast.ts';

/** A text and its tree, for each file that a finding may lie in. */
export interface Read {
  readonly source: Source;
  readonly file: File;
}

export function withoutAllowed(diagnostics: readonly Diagnostic[], read: readonly Read[]): Diagnostic[] {
  const allowed = new Map<string, { source: Source; lines: Map<number, Set<string>> }>();
  for (const { source, file } of read) {
    const lines = new Map<number, Set<string>>();
    for (const { line, codes: written } of file.allowances) {
      // So what a row of comments gathers is no more than there are codes.
      const codes = written.filter((code) => Object.hasOwn(table, code));
      const there = lines.get(line + 1);
      if (there) for (const code of codes) there.add(code);
      else lines.set(line + 1, new Set(codes));
    }
    // Several comments in a row all speak of the line below the last of them.
    for (const line of [...lines.keys()].sort((a, b) => a - b)) {
      const above = lines.get(line - 1);
      if (above) for (const code of above) lines.get(line)!.add(code);
    }
    allowed.set(source.path, { source, lines });
  }
  return diagnostics.filter(({ code, severity, span }) => {
    const here = severity === 'error' ? undefined : allowed.get(span.file);
    if (!here || here.lines.size === 0) return true;
    return !here.lines.get(linesOf(here.source).position(span.start).line)?.has(code);
  });
}
