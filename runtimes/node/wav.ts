/** Sound that a model draws as one 16-bit WAV: the examples one after another. What was read from one is written alike. */
import wavefile from 'wavefile';
import type { Examples } from './drawing.ts';

/** The tag of software in a WAV of ours. */
const SOFTWARE = 'ganc';

export function encodeWav({ count, shape, values }: Examples, rate: number): Uint8Array {
  const [length = 1, channels = 1] = shape;
  const tracks = Array.from({ length: channels }, (_, c) =>
    Int16Array.from({ length: count * length }, (_, t) => {
      const sample = Math.round(values[t * channels + c]! * 32_768) || 0;
      return Math.max(-32_768, Math.min(32_767, sample));
    }),
  );
  const file = new wavefile.WaveFile();
  file.fromScratch(channels, rate, '16', channels === 1 ? tracks[0]! : tracks);
  file.setTag('ISFT', SOFTWARE);
  return file.toBuffer();
}

/** Whether a WAV file was written here. */
export function isOurWav(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(
    `ISFT\x05\0\0\0${SOFTWARE}\0`,
  );
}
