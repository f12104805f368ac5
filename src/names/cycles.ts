/** Declarations that need themselves: recursion of defs and nets, and params that wait for one another. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Resolution } from './resolution.ts';
import type { Declared } from './scope.ts';

/** Of a longer cycle only the beginning is shown. */
const mostShown = 8;

/** Reports each cycle once, where it is closed, and notes its members so that none is evaluated. */
export function findCycles(names: Resolution, report: (d: Diagnostic) => void): void {
  const { dependencies } = names;
  const done = new Set<Declared>();
  for (const start of dependencies.keys()) {
    if (done.has(start)) continue;
    // Depth-first without recursion: a chain of defs may be long.
    const path: { declared: Declared; rest: Iterator<[Declared, Span]> }[] = [];
    const onPath = new Map<Declared, number>();
    /** Places on the path that are in no reported cycle, rising. */
    const fresh: number[] = [];
    const enter = (declared: Declared) => {
      onPath.set(declared, path.length);
      if (!names.isCyclic(declared)) fresh.push(path.length);
      path.push({ declared, rest: (dependencies.get(declared) ?? new Map()).entries() });
    };
    enter(start);
    while (path.length > 0) {
      const top = path.at(-1)!;
      const next = top.rest.next();
      if (next.done) {
        path.pop();
        if (fresh.at(-1) === path.length) fresh.pop();
        onPath.delete(top.declared);
        done.add(top.declared);
        continue;
      }
      const [to, span] = next.value;
      const at = onPath.get(to);
      if (at !== undefined) {
        if ((fresh.at(-1) ?? -1) < at) continue;
        while (fresh.length > 0 && fresh.at(-1)! >= at) names.noteCycle(path[fresh.pop()!]!.declared);
        const members = path.slice(at, at + mostShown).map((p) => p.declared);
        const cut = path.length - at > mostShown ? ['…'] : [];
        const chain = [...members.map((m) => m.name.text), ...cut, to.name.text];
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
