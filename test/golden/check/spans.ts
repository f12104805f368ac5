/** A Model as text with the place of every value: for tests that two of them are the same. */
import type { Model, Term } from '../../../src/model/model.ts';
import { printModel } from '../../../src/model/print.ts';
import { postorder } from '../../../src/model/walk.ts';

export function spansOf(model: Model): string {
  const places = (terms: readonly Term[]) =>
    postorder(terms).map(({ kind, name, span }) => `${kind} ${name} ${span.file} ${span.start} ${span.end}`);
  const bodies = model.nets.flatMap((net) =>
    [...net.bodies.values()].flatMap((body) => places(body.results)),
  );
  const values = places(model.values.map(({ term }) => term));
  const rest = [...model.nets, ...model.values, ...model.phases, ...model.data, ...model.noise].map(
    ({ span, ...of }) =>
      `${'name' in of ? of.name : ''} ${span.start} ${span.end} ${'doc' in of ? of.doc : ''}`,
  );
  return [printModel(model), ...bodies, ...values, ...rest].join('\n');
}
