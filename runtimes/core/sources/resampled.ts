/** A sound as if it had been recorded at another rate, resampled in windows so that long files take little memory. */
import { said, UserError } from '../errors.ts';
import type { Bytes } from './place.ts';
import type { Wave } from './wav.ts';

/** Samples of a window at most, all channels together. */
const WINDOW = 500_000;
/** How far the filter reaches, in samples of the lower rate. */
const REACH = 64;
/** What libsamplerate takes: rates up to this, and ratios up to 256. */
const MOST = { rate: 192_000, ratio: 256 };

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

export function resampled(wave: Wave, rate: number, path: string): Wave {
  const ratio = Math.max(wave.rate / rate, rate / wave.rate);
  if (Math.max(rate, wave.rate) > MOST.rate || ratio > MOST.ratio) {
    throw new UserError(`${path} has ${wave.rate} samples a second and cannot be resampled to ${rate}`, {
      hint: `rates up to ${MOST.rate} are resampled, by a factor of ${MOST.ratio} at most`,
    });
  }
  const { channels } = wave;
  const common = gcd(wave.rate, rate);
  // So many samples of the file last as long as so many of the result.
  const [source, target] = [wave.rate / common, rate / common];
  const frames = Math.max(1, Math.floor((wave.frames * target) / source));
  const reach = Math.ceil(REACH * Math.max(1, source / target));
  const piece = Math.max(1, Math.floor((WINDOW / channels) * Math.min(1, target / source)));

  /** Output frames from `from` on, computed from a window of the file that begins where both rates have a sample. */
  async function part(file: Bytes, from: number, count: number): Promise<Float32Array> {
    const blocks = Math.max(0, Math.floor(from / target) - Math.ceil(reach / source));
    const first = blocks * source;
    const last = Math.ceil(((from + count) * source) / target) + reach;
    const samples = await wave.read(file, first, last - first);
    const start = from - blocks * target;
    // The filter overshoots at steep places: what was in [−1, 1] stays there.
    const peak = samples.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    const out = new Float32Array(count * channels);
    try {
      const { resample } = await import('./resample.ts');
      for (let c = 0; c < channels; c++) {
        const one = Float32Array.from({ length: last - first }, (_, i) => samples[i * channels + c]!);
        const other = await resample(one, wave.rate, rate);
        for (let i = 0; i < count; i++) {
          out[i * channels + c] = Math.max(-peak, Math.min(peak, other[start + i] ?? 0));
        }
      }
    } catch (error) {
      throw new UserError(`${path} cannot be resampled to ${rate} samples a second: ${said(error)}`, {
        code: 2,
      });
    }
    return out;
  }

  return {
    channels,
    rate,
    frames,
    cutOff: wave.cutOff,
    async read(file, from, count) {
      const out = new Float32Array(count * channels);
      const last = Math.min(frames, from + count);
      for (let at = from; at < last; at += piece) {
        out.set(await part(file, at, Math.min(piece, last - at)), (at - from) * channels);
      }
      return out;
    },
  };
}
