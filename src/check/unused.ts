/** Names of the file that nothing uses: most often a slip. */
import { unusedPart } from '../names/unused-part.ts';
import type { Checker } from './evaluate/context.ts';

export function unusedNames(c: Checker): void {
  const { main } = c.program;
  const { declarations } = main.file;
  // A file of nets and defs for others to use is not expected to use them itself.
  const isLibrary = !declarations.some((d) => d.kind === 'train' || d.kind === 'loss' || d.kind === 'output');
  const usedRecords = new Set(
    main.own.filter((d) => c.names.isUsed(d) && d.kind === 'data').map((d) => d.node),
  );
  const trains = declarations.some((d) => d.kind === 'train');
  for (const declared of main.own) {
    const { kind, name, node } = declared;
    if (c.names.isUsed(declared) || name.text.startsWith('_')) continue;
    if (kind === 'metric' || kind === 'output') continue;
    // A loss is logged by the update that minimises it.
    if (kind === 'loss' && !trains) continue;
    if (isLibrary && (kind === 'param' || kind === 'net' || kind === 'def')) continue;
    // A record's fields have to be named for the others' sake.
    if (kind === 'data' && usedRecords.has(node)) continue;
    const part = node.kind === 'let' && node.pattern.kind !== 'name';
    c.report('GAN0217', name.span, { what: kind, name: name.text }, part ? unusedPart(name.span) : {});
  }
}
