/** Draws what outputs give: pictures as a grid, points as a scatter, sound as a wave and a WAV file, text as text. */
import { said, UserError } from '../core/errors.ts';
import type { OutputSpec } from '../core/run/model.ts';
import { joined, textsOf } from '../core/run/text.ts';
import { scatterSvg, waveSvg } from './charts.ts';
import { encodeWav } from './wav.ts';

/** A file to be written: a name without its folder, and its bytes. */
export interface Drawn {
  name: string;
  bytes: Uint8Array;
}

/** Values of `count` examples, row-major. */
export interface Examples {
  count: number;
  /** Of one example. */
  shape: readonly number[];
  values: Float32Array;
}

export interface DrawOptions {
  /** Real examples to show points against. */
  background?: Float32Array;
  sampleRate?: number;
  /** Of text. */
  symbols?: readonly string[];
  title?: string;
}

/** `stem` is the files' name without its ending. */
export async function draw(
  output: Pick<OutputSpec, 'type'>,
  examples: Examples,
  stem: string,
  options: DrawOptions = {},
): Promise<Drawn[]> {
  const { meaning } = output.type;
  if (meaning === 'image') return [{ name: `${stem}.png`, bytes: await gridPng(examples) }];
  if (meaning === 'sound') {
    const rate = options.sampleRate ?? 16_000;
    return [
      { name: `${stem}.png`, bytes: await svgToPng(waveSvg(examples, rate, options.title)) },
      { name: `${stem}.wav`, bytes: encodeWav(examples, rate) },
    ];
  }
  if (meaning === 'text') {
    const texts = textsOf(examples.values, examples.shape, options.symbols ?? null);
    return [{ name: `${stem}.txt`, bytes: new TextEncoder().encode(joined(texts)) }];
  }
  const svg = scatterSvg(examples.values, options.background, options.title);
  return [{ name: `${stem}.png`, bytes: await svgToPng(svg) }];
}

async function loadSharp(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new UserError(`pictures are written with sharp, which does not load: ${said(error)}`, {
      hint: 'npm install sharp',
      code: 2,
    });
  }
}

async function svgToPng(svg: string): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return sharp(Buffer.from(svg), { density: 144 }).flatten({ background: '#ffffff' }).png().toBuffer();
}

/** A near-square grid, two pixels apart, small pictures enlarged by a whole factor. */
async function gridPng({ count, shape, values }: Examples): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const [height = 1, width = 1, channels = 1] = shape;
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  const gap = count > 1 ? 2 : 0;
  const fullWidth = columns * (width + gap) + gap;
  const fullHeight = rows * (height + gap) + gap;
  const pixels = Buffer.alloc(fullWidth * fullHeight * channels, 255);
  for (let k = 0; k < count; k++) {
    const left = gap + (k % columns) * (width + gap);
    const top = gap + Math.floor(k / columns) * (height + gap);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width * channels; x++) {
        const value = values[(k * height + y) * width * channels + x]!;
        pixels[((top + y) * fullWidth + left) * channels + x] = toByte(value);
      }
    }
  }
  const factor = Math.max(1, Math.floor(640 / Math.max(fullWidth, fullHeight)));
  return sharp(pixels, { raw: { width: fullWidth, height: fullHeight, channels: channels as 1 | 3 | 4 } })
    .resize(fullWidth * factor, fullHeight * factor, { kernel: 'nearest' })
    .png()
    .toBuffer();
}

/** [−1, 1] to 0 … 255; NaN is black. */
function toByte(value: number): number {
  return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))) || 0;
}
