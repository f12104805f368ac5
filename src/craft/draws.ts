/** A rule about draws: two calls of a net that draws, written in one expression, are two draws. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import { Holds, isDraw } from '../model/holds.ts';
import type { NetCall, Term } from '../model/model.ts';
import { inOrder, updates } from './terms.ts';
import type { Craft } from './view.ts';

/**
 * `E(x).mu` and `E(x).logvar` in one loss, where E has dropout: most often one encoding is meant. Calls that a `let`
 * names are two values on purpose.
 */
export function* drawsApart({ model, pulls }: Craft): Generator<Diagnostic> {
  const nets = new Map(model.nets.map((net) => [net.name, net]));
  const draws = new Holds((call) => nets.get(call.net)!.bodies.get(call.body)!, isDraw);
  const scalars = model.values.filter(({ kind }) => kind !== 'output').map(({ term }) => term);
  const named = new Set<Term>(scalars);
  for (const root of [...scalars, ...updates(model).map((update) => update.objective)]) {
    const first = new Map<string, NetCall>();
    // A loss that another one is made of is an expression of its own.
    for (const term of inOrder([root], (part) => part !== root && named.has(part))) {
      if (term.kind !== 'result' || term.name !== null || term.call.variant !== 'self') continue;
      const { call } = term;
      if (call.span.file !== root.span.file || !draws.inCall(call)) continue;
      const key = `${call.net} ${call.args.map((arg) => pulls.key(arg)).join()}`;
      const before = first.get(key);
      if (before === undefined) first.set(key, call);
      else if (before !== call)
        yield diagnose(
          'GAN0414',
          call.span,
          { net: call.net },
          {
            labels: [{ span: before.span, text: 'the other call' }],
            help: 'name the call to use its result twice: `let one = …`; if two draws are meant, give each a name',
          },
        );
    }
  }
}
