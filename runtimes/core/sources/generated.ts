/** Data sets that are made rather than read: 2-D mixtures, a spiral, and short tones. The same for every run. */

import { UserError } from '../errors.ts';
import { Words } from '../random.ts';
import { type Declared, typeText } from './declared.ts';
import type { RawField, RawSource } from './raw.ts';

const COUNT = 50_000;
const SAMPLE_RATE = 16_000;

export const generated: Record<string, (record: readonly Declared[]) => RawSource> = {
  /** 8 Gaussians on a circle of radius 2, σ 0.02 (Metz et al., "Unrolled GANs", 2017, appendix). */
  ring: () =>
    points('ring', 8, (words, k) =>
      around(words, 2 * Math.cos((k * Math.PI) / 4), 2 * Math.sin((k * Math.PI) / 4), 0.02),
    ),
  /** 25 Gaussians on {−4, −2, 0, 2, 4}², σ 0.05 (Srivastava et al., "VEEGAN", 2017, §4.1: the variance there is 0.0025). */
  grid: () =>
    points('grid', 25, (words, k) => around(words, 2 * (k % 5) - 4, 2 * Math.floor(k / 5) - 4, 0.05)),
  /** Two arms of an Archimedean spiral out to radius 2, σ 0.03; the class is the arm. */
  spiral: () =>
    points('spiral', 2, (words, arm) => {
      // Uniform along the arm's area, so the outer turns are as dense as the inner.
      const t = Math.sqrt(words.uniform());
      const angle = 3 * Math.PI * t + arm * Math.PI;
      return around(words, 2 * t * Math.cos(angle), 2 * t * Math.sin(angle), 0.03);
    }),
  tones,
};

function around(words: Words, x: number, y: number, std: number): [number, number] {
  const [a, b] = normals(words);
  return [x + std * a, y + std * b];
}

function normals(words: Words): [number, number] {
  const radius = Math.sqrt(-2 * Math.log((words.next() + 0.5) / 4294967296));
  const angle = 2 * Math.PI * ((words.next() + 0.5) / 4294967296);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function points(name: string, classes: number, at: (words: Words, k: number) => [number, number]): RawSource {
  const values = new Float32Array(2 * COUNT);
  const words = new Words(0, `built-in/${name}`);
  for (let i = 0; i < COUNT; i++) values.set(at(words, i % classes), 2 * i);
  return {
    origin: name,
    count: COUNT,
    fields: [
      {
        name: null,
        shape: [2],
        content: 'numbers',
        read: (i, out, to) => out.set(values.subarray(2 * i, 2 * i + 2), to),
      },
      {
        name: null,
        shape: [],
        content: 'class',
        read: (i, out, to) => {
          out[to] = i % classes;
        },
      },
    ],
  };
}

/**
 * Plucked tones of the twelve notes from A3 (220 Hz) at 16 kHz: four harmonics that die away, each example with its
 * own loudness, phase and rate of decay. The class is the note.
 */
function tones(record: readonly Declared[]): RawSource {
  const sound = record.find((d) => d.type.meaning !== 'label');
  const [length = 1024, channels = 1] = sound?.type.shape ?? [];
  if (sound !== undefined && sound.type.shape.length > 2) {
    throw new UserError(`\`${sound.name}\` is declared ${typeText(sound.type)}, but tones are sound[n]`);
  }
  const wave: RawField = {
    name: null,
    shape: [length, channels],
    content: 'sound',
    read(i, out, to) {
      const words = new Words(0, 'built-in/tones', i);
      const frequency = 220 * 2 ** ((i % 12) / 12);
      const loudness = 0.5 + 0.4 * words.uniform();
      const decay = 2 + 6 * words.uniform();
      const phase = 2 * Math.PI * words.uniform();
      for (let t = 0; t < length; t++) {
        const seconds = t / SAMPLE_RATE;
        let value = 0;
        for (let h = 1; h <= 4; h++) {
          value += (2 ** -h * Math.sin(2 * Math.PI * frequency * h * seconds + h * phase)) / 0.9375;
        }
        out.fill(loudness * Math.exp(-decay * seconds) * value, to + t * channels, to + (t + 1) * channels);
      }
    },
  };
  const note: RawField = {
    name: null,
    shape: [],
    content: 'class',
    read: (i, out, to) => {
      out[to] = i % 12;
    },
  };
  return { origin: 'tones', count: 12_000, fields: [wave, note], sampleRate: SAMPLE_RATE };
}
