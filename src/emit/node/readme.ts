/** The README of an emitted folder: how to run it, and what it holds. */
import type { Model } from '../../check/model.ts';

export function readme(model: Model, file: string, version: string): string {
  const { name } = model;
  const run = `node ${file}`;
  const sources = model.data.map((record) => {
    const names = record.fields.map((field) => `\`${field.name}\``).join(', ');
    const types = record.fields.map(({ type }) => {
      return `\`${type.meaning === 'tensor' ? '' : type.meaning}[${type.shape.join(', ')}]\``;
    });
    const from = record.from === null ? 'no default: give one' : `from \`${record.from}\``;
    return `- ${names}: ${types.join(', ')}, ${from}; another with \`--data ${record.fields[0]!.name}=PATH\``;
  });
  const outputs = model.values.filter(({ kind }) => kind === 'output').map((output) => `\`${output.name}\``);
  return `# ${name}

${model.doc === '' ? `A generative model, compiled from \`${model.path}\` by ganc ${version}.` : model.doc}

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

- \`${file}\`: the model, as TensorFlow.js code to read. The comments give the lines of \`${name}.gan\`, and
  \`node --enable-source-maps\` shows those lines in a stack trace.
- \`runtime.js\`: what every compiled model stands on: data, random numbers, the loop, optimisers, checkpoints.
- \`runtime.webgpu.js\`: what it loads besides to compute on a graphics card.
- \`${name}.gan\`: the source. Compiled by ganc ${version}.
${outputs.length === 0 ? '' : `\nIts outputs: ${outputs.join(', ')}.\n`}`;
}
