/** How many examples the phases draw: what `batch(v)` needs to know before the schedule is checked. */
import type { Statement, TrainDecl } from '../../syntax/ast.ts';
import type { Checker, Examples } from '../evaluate/context.ts';
import { fileEnv } from '../evaluate/declarations.ts';
import { evaluate } from '../evaluate/expressions.ts';

/** Reads `batch` and the counts of `sample … of` of each phase; what is wrong there is left to the schedule's own rules. */
export function examplesOf(c: Checker): Examples[] {
  const found: Examples[] = [];
  for (const node of c.program.main.file.declarations) {
    if (node.kind !== 'train') continue;
    const batch = countOf(c, batchArgument(node));
    if (batch === null) continue;
    const sampled = new Map<string, Set<number>>();
    for (const { sources, count: written } of samples(node.body)) {
      const count = written ? countOf(c, written) : batch;
      if (count === null) continue;
      for (const { text } of sources) {
        for (const field of fieldsWith(c, text))
          sampled.set(field, (sampled.get(field) ?? new Set()).add(count));
      }
    }
    found.push({ span: node.keyword, batch, sampled });
  }
  return found;
}

/** A record's fields are drawn together: a sample of one is a sample of all. */
export function fieldsWith(c: Checker, source: string): readonly string[] {
  const declared = c.program.main.names.get(source);
  return declared?.node.kind === 'data' ? declared.node.names.map((n) => n.text) : [source];
}

function batchArgument({ args }: TrainDecl) {
  return (args.find((a) => a.name?.text === 'batch') ?? args.find((a) => !a.name))?.value;
}

function countOf(c: Checker, expr: TrainDecl['args'][number]['value'] | undefined): number | null {
  if (!expr) return null;
  const value = evaluate(c, expr, fileEnv(c.program.main, false));
  const count = value.kind === 'constant' ? value.value : null;
  return typeof count === 'number' && Number.isInteger(count) && count >= 1 ? count : null;
}

function samples(body: readonly Statement[]): Extract<Statement, { kind: 'sample' }>[] {
  return body.flatMap((s) => (s.kind === 'sample' ? [s] : 'body' in s ? samples(s.body) : []));
}
