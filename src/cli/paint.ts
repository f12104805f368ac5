/** Colour for a terminal, where one is listening and wants it. */
import util from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan' | 'blue';
export type Paint = (text: string, ...styles: Style[]) => string;

export const plain: Paint = (text) => text;

const colourful: Paint = (text, ...styles) => {
  // Node before 20.12 has no styleText.
  if (text === '' || !util.styleText) return text;
  return styles.reduce((t, style) => util.styleText(style, t, { validateStream: false }), text);
};

/** `wish` is what `--color` or `--no-color` said; without it the usual variables and the stream decide. */
export function paintFor(stream: { isTTY?: boolean }, wish: boolean | undefined, env = process.env): Paint {
  if (wish !== undefined) return wish ? colourful : plain;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return plain;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '')
    return env.FORCE_COLOR === '0' ? plain : colourful;
  return stream.isTTY && env.TERM !== 'dumb' ? colourful : plain;
}
