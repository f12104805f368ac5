/** Declarations that need themselves: recursion of defs and nets, and params that wait for one another. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Declared } from './scope.ts';

type Dependencies = ReadonlyMap<Declared, ReadonlyMap<Declared, Span>>;

/** Reports each cycle once, where it is closed, and marks its members so that none is evaluated. */
export function findCycles(dependencies: Dependencies, report: (d: Diagnostic) => void): void {
  const done = new Set<Declared>();
  for (const start of dependencies.keys()) {
    if (done.has(start)) continue;
    // Depth-first without recursion: a chain of defs may be long.
    const path: { declared: Declared; rest: Iterator<[Declared, Span]> }[] = [];
    const onPath = new Map<Declared, number>();
    const enter = (declared: Declared) => {
      onPath.set(declared, path.length);
      path.push({ declared, rest: (dependencies.get(declared) ?? new Map()).entries() });
    };
    enter(start);
    while (path.length > 0) {
      const top = path.at(-1)!;
      const next = top.rest.next();
      if (next.done) {
        path.pop();
        onPath.delete(top.declared);
        done.add(top.declared);
        continue;
      }
      const [to, span] = next.value;
      const at = onPath.get(to);
      if (at !== undefined) {
        const members = path.slice(at).map((p) => p.declared);
        if (members.every((m) => m.cyclic)) continue;
        for (const m of members) m.cyclic = true;
        const chain = [...members.map((m) => m.name.text), to.name.text];
        report(
          diagnose(
            'GAN0207',
            span,
            { kind: to.kind, chain },
            { labels: members.map((m) => ({ span: m.name.span, text: `\`${m.name.text}\`` })) },
          ),
        );
      } else if (!done.has(to)) enter(to);
    }
  }
}
