/** Names where they are declared: some words cannot be. */
import { givenNames } from '../../grammar/tokens.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Name } from './ast.ts';
import { type Context, toName } from './cst.ts';
import type { Token } from './tree.ts';

/** `step`, `epoch`, `progress` and `pi` are ordinary names to the parser, but always mean themselves. */
export function declaredName(context: Context, token: Token): Name {
  const name = toName(context, token);
  if (givenNames.has(name.text)) {
    context.report(diagnose('GAN0115', name.span, { word: name.text, use: 'given' }));
  }
  return name;
}
