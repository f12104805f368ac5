/**
 * WAV files, read where they lie: the header by a walk over the RIFF chunks, then the samples that are asked for. What a
 * chunk claims is never believed beyond the end of the file, and only `fmt ` and `data` are looked into.
 * (RIFF: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications", 1991; RF64: EBU Tech 3306;
 * A-law and µ-law: ITU-T G.711.)
 */
import { type Bytes, nameIn } from './place.ts';

export interface Wave {
  readonly channels: number;
  /** Samples a second, of each channel. */
  readonly rate: number;
  readonly frames: number;
  /** The header promises more samples than the file has. */
  readonly cutOff: boolean;
  /** Samples from a frame on, interleaved, in [−1, 1]; frames beyond the end are silence. */
  read(file: Bytes, from: number, count: number): Promise<Float32Array>;
}

/** Why a file is not read: `it holds MP3, …`. */
export class NotRead extends Error {}

/** Chunks before the samples; files have a handful. */
const CHUNKS = 1000;
const RATE = { least: 1, most: 1_000_000 };
const CHANNELS = 256;

/** Codecs that are met in WAV files, by their registered number (RFC 2361). */
const CODECS: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  64: 'G.721 ADPCM',
  80: 'MPEG audio',
  85: 'MP3',
  255: 'AAC',
  352: 'Windows Media Audio',
  353: 'Windows Media Audio',
  8193: 'DTS',
  5648: 'AAC',
  26447: 'Ogg Vorbis',
  61868: 'FLAC',
};
const [PCM, FLOAT, A_LAW, MU_LAW, EXTENSIBLE] = [1, 3, 6, 7, 0xfffe];

/** Other kinds of sound by their first bytes; their files are often renamed to .wav. */
const KINDS: readonly [string, string][] = [
  ['ID3', 'an MP3'],
  ['\xff\xfb', 'an MP3'],
  ['\xff\xf3', 'an MP3'],
  ['fLaC', 'a FLAC'],
  ['OggS', 'an Ogg'],
  ['FORM', 'an AIFF'],
];

/** The line that unpacks a compressed file. */
export function unpackLine(path: string): string {
  const name = nameIn(path).replace(/\.[^.]*$/, '');
  return `ffmpeg -i ${nameIn(path)} -c:a pcm_s16le ${name}-pcm.wav`;
}

export async function readWave(file: Bytes): Promise<Wave> {
  const { size } = file;
  const head = text(await file.read(0, Math.min(12, size)));
  const little = head.startsWith('RIFF') || head.startsWith('RF64');
  if ((!little && !head.startsWith('RIFX')) || head.slice(8) !== 'WAVE') {
    const kind = KINDS.find(([start]) => head.startsWith(start))?.[1];
    throw new NotRead(
      kind === undefined
        ? 'it is no WAV file'
        : `it is ${kind} file, whatever its name: ${unpackLine(file.path)}`,
    );
  }
  let format: Format | null = null;
  for (let at = 12, chunks = 0; at + 8 <= size && chunks < CHUNKS; chunks++) {
    const chunk = await file.read(at, Math.min(48, size - at));
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const length = view.getUint32(4, little);
    const id = text(chunk.subarray(0, 4));
    if (id === 'fmt ' && length >= 16 && chunk.length >= 24)
      format = formatOf(view, length, little, file.path);
    if (id === 'data') {
      if (format === null) throw new NotRead('its samples come before its format (the chunk "fmt ")');
      return wave(format, little, at + 8, Math.min(length, size - at - 8), length);
    }
    at += 8 + length + (length % 2);
  }
  throw new NotRead('it has no samples');
}

interface Format {
  channels: number;
  rate: number;
  /** Bytes of a sample of one channel. */
  bytes: number;
  decode: (view: DataView, at: number, little: boolean) => number;
}

function formatOf(view: DataView, length: number, little: boolean, path: string): Format {
  const word = (at: number) => view.getUint16(8 + at, little);
  const [said, channels, block, bits] = [word(0), word(2), word(12), word(14)];
  const rate = view.getUint32(12, little);
  // The extensible format says its codec in the first bytes of a GUID.
  const codec = said === EXTENSIBLE && length >= 40 && view.byteLength >= 34 ? word(24) : said;
  if (channels < 1 || channels > CHANNELS) throw new NotRead(`it says that it has ${channels} channels`);
  if (rate < RATE.least || rate > RATE.most)
    throw new NotRead(`it says that it has ${rate} samples a second`);
  const bytes = block / channels;
  const decode = decoders[codec]?.[bytes];
  if ((codec === PCM || codec === FLOAT) && Math.ceil(bits / 8) !== bytes) {
    throw new NotRead(`it says ${bits} bits and ${bytes} bytes a sample, which contradict each other`);
  }
  if (decode === undefined) {
    if (decoders[codec] !== undefined) {
      throw new NotRead(`its samples have ${8 * bytes} bits, of which its format has none`);
    }
    const name = CODECS[codec];
    throw new NotRead(
      `it holds ${name ?? `sound of a codec that is not known here (number ${codec})`}, not plain samples: ${unpackLine(path)}`,
    );
  }
  return { channels, rate, bytes, decode };
}

/** By codec and bytes of a sample. Integers are divided by 2^(bits − 1), as by everyone who reads both signs alike. */
const decoders: Readonly<Record<number, Readonly<Record<number, Format['decode']>>>> = {
  [PCM]: {
    1: (v, at) => (v.getUint8(at) - 128) / 2 ** 7,
    2: (v, at, little) => v.getInt16(at, little) / 2 ** 15,
    3: (v, at, little) =>
      (little
        ? v.getUint16(at, true) | (v.getInt8(at + 2) << 16)
        : (v.getInt8(at) << 16) | v.getUint16(at + 1, false)) /
      2 ** 23,
    4: (v, at, little) => v.getInt32(at, little) / 2 ** 31,
  },
  [FLOAT]: {
    4: (v, at, little) => v.getFloat32(at, little),
    8: (v, at, little) => v.getFloat64(at, little),
  },
  [A_LAW]: { 1: (v, at) => aLaw(v.getUint8(at)) / 2 ** 15 },
  [MU_LAW]: { 1: (v, at) => muLaw(v.getUint8(at)) / 2 ** 15 },
};

/** G.711, table 1: to 13 bits, here in the upper bits of 16. */
function aLaw(code: number): number {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const size = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return bits & 0x80 ? size : -size;
}

/** G.711, table 2: to 14 bits, here in the upper bits of 16. */
function muLaw(code: number): number {
  const bits = ~code & 0xff;
  const size = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return bits & 0x80 ? 0 - size : size;
}

function wave(format: Format, little: boolean, start: number, length: number, said: number): Wave {
  const { channels, rate, bytes, decode } = format;
  const block = bytes * channels;
  const frames = Math.floor(length / block);
  if (frames === 0) throw new NotRead('it has no samples');
  return {
    channels,
    rate,
    frames,
    // A stream's header says the largest number: it did not know.
    cutOff: said > length && said < 0xffffff00,
    async read(file, from, count) {
      const out = new Float32Array(count * channels);
      const [first, last] = [Math.max(0, from), Math.min(frames, from + count)];
      if (last <= first) return out;
      const data = await file.read(start + first * block, (last - first) * block);
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      for (let i = 0, to = (first - from) * channels; i < (last - first) * channels; i++) {
        out[to + i] = decode(view, i * bytes, little);
      }
      return out;
    },
  };
}

const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
