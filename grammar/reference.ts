/** Two pages of the language reference, told by what they document: `operations.md` by the records, `prelude.md` by the prelude. */

import { arithmetic } from '../src/ops/arithmetic.ts';
import { arrangement } from '../src/ops/arrangement.ts';
import { batchOps } from '../src/ops/batch-ops.ts';
import { contraction } from '../src/ops/contraction.ts';
import { convolution } from '../src/ops/convolution.ts';
import { cumulative } from '../src/ops/cumulative.ts';
import { elementwise } from '../src/ops/elementwise.ts';
import { indexing } from '../src/ops/indexing.ts';
import { margins } from '../src/ops/margins.ts';
import { matrixOps } from '../src/ops/matrices.ts';
import { type OptimiserRecord, optimisers, parametersOf } from '../src/ops/optimisers.ts';
import { ordering } from '../src/ops/ordering.ts';
import { pooling } from '../src/ops/pooling.ts';
import type { Operation, Parameter } from '../src/ops/record.ts';
import { reductions } from '../src/ops/reductions.ts';
import { repetition } from '../src/ops/repetition.ts';
import { resampling } from '../src/ops/resampling.ts';
import { shapeOps } from '../src/ops/shape-ops.ts';
import { softmaxes } from '../src/ops/softmax.ts';
import { operations } from '../src/ops/table.ts';
import { parse } from '../src/syntax/parse.ts';
import prelude from './prelude.gan';

type Records = Readonly<Record<string, Operation>>;

const sections: readonly [string, string, (name: string, record: Operation) => boolean][] = [
  [
    'Layers',
    'They own weights, so they stand only inside a `net`, or in a `def` that a net uses. The piped value comes first.',
    (_, record) => record.kind === 'layer',
  ],
  ['Elementwise', 'Operators are elementwise too.', among(elementwise, arithmetic)],
  ['Reductions', 'They never touch the batch; only `expect` does.', among(reductions, softmaxes)],
  ['Order and running totals', 'Along one axis.', among(ordering, cumulative)],
  ['Shape', '', among(shapeOps, repetition, arrangement, indexing, margins, resampling)],
  ['Matrices', 'Each example’s last two axes.', among({ matmul: contraction.matmul }, matrixOps)],
  ['Contraction and convolution', '', among(contraction, convolution)],
  ['Pooling', '', among(pooling)],
  ['Chance and the batch', '', among(batchOps)],
];

function among(...families: readonly Records[]): (name: string) => boolean {
  return (name) => families.some((family) => Object.hasOwn(family, name));
}

/** What the checker works out itself, so no record tells of it. */
const builtIn: readonly [string, string][] = [
  [
    'grad(y, x)',
    '∂(Σ y)/∂x, of the shape of x; y has one element per example, x is a named value on the way to it. Or both are whole: `grad(loss, D.weights)`. To any order.',
  ],
  [
    'jvp(y, x, v)',
    '∂y/∂x · v, of the shape of y: how y changes as x moves along v. y has any shape; x is a named value on the way to it, or a tuple of them with a tuple of directions.',
  ],
  [
    'map(v, f)',
    'The net or def f of one entry, applied to each entry of the first axis of v, with the same weights; the results stand side by side: [n, …]. All are evaluated together, as examples of one batch.',
  ],
  ['size(v, axis?)', 'The size of an axis of v, a constant; without `axis` the list of all sizes.'],
  ['range(n)', 'The list 0 … n − 1.'],
  [
    'log2(x), ceil(x), round(x)',
    'Of constants only. So are all other functions of one number, where it is a constant.',
  ],
];

export function operationsPage(): string {
  const written = Object.entries(operations as Records).filter(([, record]) => record.signature !== null);
  const told = new Set<string>();
  const parts = sections.map(([title, text, belongs]) => {
    const entries = written.filter(([name, record]) => !told.has(name) && belongs(name, record));
    for (const [name] of entries) told.add(name);
    const body = entries.map(([name, record]) => entry(name, record)).join('\n\n');
    return `## ${title}\n\n${text === '' ? '' : `${text}\n\n`}${body}`;
  });
  const left = written.filter(([name]) => !told.has(name));
  if (left.length > 0) throw new Error(`no section has ${left.map(([name]) => name).join(', ')}`);
  const worked = builtIn.map(([call, text]) => `**\`${call}\`**  \n${text}`).join('\n\n');
  return `# Operations

Generated from the records in \`src/ops\` by \`grammar/reference.ts\`. Do not edit.

Shapes are of one example. \`name?\` may be left out; \`…\` stands for any number of arguments. A size of a window is a
number or \`[h, w]\`. An axis counts from 0, or from the end where it is negative.

${parts.join('\n\n')}

## Worked out by the compiler

${worked}

## Optimisers

In \`update … with OPT\` and \`optimizer NAME = OPT\`, with PyTorch's formulas and defaults. Every number may follow \`step\`,
\`epoch\` and \`progress\`. A slot is a tensor of the weight's shape that the optimiser keeps and checkpoints hold.

${Object.keys(optimisers)
  .map((name) => optimiserEntry(name as keyof typeof optimisers))
  .join('\n\n')}
`;
}

function optimiserEntry(name: keyof typeof optimisers): string {
  const { doc, slots }: OptimiserRecord = optimisers[name];
  const parameters = Object.entries(parametersOf(name));
  const call = parameters.map(([key, { default: value }]) =>
    value === null ? `${key}?` : `${key} = ${value}`,
  );
  const notes = parameters.map(([key, { doc: text, range }]) => {
    return `- \`${key}\`: ${text}${range ? `; ${range.rule}` : ''}`;
  });
  const kept = slots.map(
    (slot) => `\`${slot.name}\`${slot.with ? ` (where \`${slot.with}\` is not 0)` : ''}`,
  );
  const keeps = `- keeps ${kept.join(' and ') || 'nothing'}`;
  return `**\`${name}(${call.join(', ')})\`**  \n${doc}\n${[...notes, keeps].join('\n')}`;
}

function entry(name: string, record: Operation): string {
  const parameters = record.signature ?? [];
  const notes = parameters.flatMap((p) => (note(p) === '' ? [] : [`- \`${p.name}\`: ${note(p)}`]));
  const head = `**\`${name}(${parameters.map(parameter).join(', ')})\`**  \n${record.doc}`;
  return notes.length === 0 ? head : `${head}\n${notes.join('\n')}`;
}

function parameter({ name, rest, default: value }: Parameter): string {
  if (rest) return `${name}, …`;
  if (value === undefined) return name;
  return value === null ? `${name}?` : `${name} = ${JSON.stringify(value)}`;
}

function note({ doc, words, orNumber }: Parameter): string {
  const choices = words?.map((word) => `\`"${word}"\``).join(', ');
  const all = choices === undefined ? '' : orNumber ? `${choices} or a number` : choices;
  return [all, doc ?? ''].filter((part) => part !== '').join('; ');
}

export function preludePage(): string {
  const defs = parse({ path: 'prelude.gan', text: prelude }).value!.declarations;
  const headings = [...prelude.matchAll(/(?<=\n\n)\/\/ ([^\n]+)\n(?=\n)/g)];
  const out: string[] = [];
  let next = 0;
  for (const d of defs) {
    if (d.kind !== 'def') continue;
    const heading = headings[next];
    if (heading !== undefined && heading.index < d.span.start) {
      out.push(`## ${heading[1]}`);
      next++;
    }
    const parameters = d.params.map(({ name, default: value }) => {
      return value === undefined
        ? name.text
        : `${name.text} = ${prelude.slice(value.span.start, value.span.end)}`;
    });
    out.push(`**\`${d.name.text}(${parameters.join(', ')})\`**  \n${d.doc}`);
  }
  return `# The prelude

Generated from \`grammar/prelude.gan\` by \`grammar/reference.ts\`. Do not edit.

These \`def\`s are always in reach; a file that declares one of their names hides it. What ends in \`_d\` is minimised by the
discriminator or critic, what ends in \`_g\` by the generator; both are whole, ready for a \`loss\`. A critic's output is a
logit unless said otherwise, of any shape: the entries of a patch critic are averaged. What is said to be of one example
gives a value per example, to be put into \`expect\`.

${out.join('\n\n')}
`;
}
