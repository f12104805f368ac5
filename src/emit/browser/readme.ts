/** The README of a folder for browsers: how to serve it, and what it holds. */
import type { Model } from '../../model/model.ts';
import { code, inline, prose } from '../text/markdown.ts';

/** `file` is the emitted module's name, `source` that of the copy of the text. */
export function readme(model: Model, file: string, source: string, version: string): string {
  const sources = model.data.map((record) => {
    const names = record.fields.map((field) => `\`${field.name}\``).join(', ');
    const types = record.fields.map(({ type }) => {
      return `\`${type.meaning === 'tensor' ? '' : type.meaning}[${type.shape.join(', ')}]\``;
    });
    const from =
      record.from === null ? 'from files dropped on the page' : `from ${code(record.from)}, or from files`;
    return `- ${names}: ${types.join(', ')}, ${from}`;
  });
  return `# ${inline(model.name)}

${model.doc === '' ? `A generative model, compiled from ${code(model.path)} by ganc ${version}.` : prose(model.doc)}

It trains in a web page. Serve this folder and open the address that is printed:

\`\`\`sh
ganc serve .                      # or any other server of static files:
npx serve .
python3 -m http.server
\`\`\`

Nothing is fetched from elsewhere and nothing leaves the computer. Opened as a file (\`file://\`) it does not work:
browsers start no workers there.

WebAssembly computes with several threads only where the server sends two headers, as \`ganc serve\` does:

\`\`\`
Cross-Origin-Opener-Policy: same-origin
Cross-Origin-Embedder-Policy: require-corp
\`\`\`

## Data

${sources.length === 0 ? 'None: it learns from noise alone.' : sources.join('\n')}

## Files

- \`index.html\`, \`page.js\`, \`page.css\`: the page.
- \`${file}\`: the model, as TensorFlow.js code to read; it runs in a worker. The comments give the lines of ${code(source)}.
- \`tfjs.js\`: TensorFlow.js. \`webgl.js\` and \`webgpu.js\` are its backends, loaded when they are chosen.
- \`runtime.js\`, \`thread.js\` and the files with a hash in their names: what every compiled model stands on.
- \`*.LEGAL.txt\`: licences of what is vendored.
- ${code(source)}: the source. Compiled by ganc ${version}.

Checkpoints are safetensors files, the same as those of \`ganc train\`: a run begun here goes on there, and back.
`;
}
