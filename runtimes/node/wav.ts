/** Sound that a model draws as one 16-bit WAV: the examples one after another. */
import wavefile from 'wavefile';
import type { Examples } from './drawing.ts';

export function encodeWav({ count, shape, values }: Examples, rate: number): Uint8Array {
  const [length = 1, channels = 1] = shape;
  const tracks = Array.from({ length: channels }, (_, c) =>
    Int16Array.from({ length: count * length }, (_, t) => {
      const value = Math.max(-1, Math.min(1, values[t * channels + c]!)) || 0;
      return Math.round(value * 32_767);
    }),
  );
  const file = new wavefile.WaveFile();
  file.fromScratch(channels, rate, '16', channels === 1 ? tracks[0]! : tracks);
  return file.toBuffer();
}
