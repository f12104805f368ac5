/** The README of an emitted folder: how to run it, and what it holds. */
import type { Model } from '../../model/model.ts';
import { code, inline, prose } from '../text/markdown.ts';

/** `file` is the emitted module's name, `source` that of the copy of the text. */
export function readme(model: Model, file: string, source: string, version: string): string {
  const run = `node ${file}`;
  const sources = model.data.map((record) => {
    const names = record.fields.map((field) => `\`${field.name}\``).join(', ');
    const types = record.fields.map(({ type }) => {
      return `\`${type.meaning === 'tensor' ? '' : type.meaning}[${type.shape.join(', ')}]\``;
    });
    const from = record.from === null ? 'no default: give one' : `from ${code(record.from)}`;
    return `- ${names}: ${types.join(', ')}, ${from}; another with \`--data ${record.fields[0]!.name}=PATH\``;
  });
  const outputs = model.values.filter(({ kind }) => kind === 'output').map((output) => `\`${output.name}\``);
  return `# ${inline(model.name)}

${model.doc === '' ? `A generative model, compiled from ${code(model.path)} by ganc ${version}.` : prose(model.doc)}

\`\`\`sh
npm install
${run}          # trains; writes pictures, losses and checkpoints to a run folder
${run} --help   # says everything
\`\`\`

Node 20 or newer. It runs on WebAssembly. After \`npm install webgpu\` it runs on the graphics card, of any maker; after
\`npm install @tensorflow/tfjs-node\` on TensorFlow. \`--backend\` chooses.

## Data

${sources.length === 0 ? 'None: it learns from noise alone.' : sources.join('\n')}

## Files

- \`${file}\`: the model, as TensorFlow.js code to read. The comments give the lines of ${code(source)}, and
  \`node --enable-source-maps\` shows those lines in a stack trace.
- \`runtime.js\`: what every compiled model stands on: data, random numbers, the loop, optimisers, checkpoints.
- \`runtime.webgpu.js\`: what it loads besides to compute on a graphics card.
- ${code(source)}: the source. Compiled by ganc ${version}.
${outputs.length === 0 ? '' : `\nIts outputs: ${outputs.join(', ')}.\n`}`;
}
