/** Folders of WAV files (or one file): cut into clips of the declared length, a short file filled up with silence. */
import wavefile from 'wavefile';
import { said, UserError } from '../errors.ts';
import { classesOf, type Files } from './classes.ts';
import { type Declared, typeText } from './fit.ts';
import type { Place } from './place.ts';
import type { RawField, RawSource } from './raw.ts';

const { WaveFile } = wavefile;

/** Decoded files kept in memory, by their number of samples. */
const KEPT_SAMPLES = 64 * 2 ** 20;

interface Header {
  channels: number;
  rate: number;
  frames: number;
}

export async function openSounds(
  origin: string,
  found: Files,
  record: readonly Declared[],
  place: Place,
): Promise<RawSource> {
  const declared = record.find((d) => d.type.meaning !== 'label');
  if (declared === undefined || declared.type.shape.length > 2) {
    const d = declared ?? record[0]!;
    throw new UserError(`${origin} holds sound, but \`${d.name}\` is declared ${typeText(d.type)}`, {
      hint: 'declare it sound[n], n samples long',
    });
  }
  const [length = 1, channels = 1] = declared.type.shape;
  const headers = await Promise.all(found.files.map((path) => readHeader(path, place)));
  const rate = headers[0]!.rate;
  // Which file and where in it each clip begins.
  const clips: { file: number; start: number }[] = [];
  headers.forEach((header, file) => {
    if (header.rate !== rate) {
      throw new UserError(
        `${found.files[file]} has ${header.rate} samples a second, ${found.files[0]} has ${rate}: they must agree`,
      );
    }
    if (channels !== 1 && header.channels !== channels) {
      throw new UserError(
        `${found.files[file]} has ${header.channels} ${header.channels === 1 ? 'channel' : 'channels'}, but \`${declared.name}\` is declared ${typeText(declared.type)}`,
      );
    }
    const count = Math.max(1, Math.floor(header.frames / length));
    for (let k = 0; k < count; k++) clips.push({ file, start: k * length });
  });
  const decoded = new DecodedFiles(found.files, place);
  const wave: RawField = {
    name: null,
    shape: [length, channels],
    content: 'sound',
    async read(index, out, at) {
      const { file, start } = clips[index]!;
      const sources = await decoded.get(file);
      for (let t = 0; t < length; t++) {
        for (let c = 0; c < channels; c++) {
          let value = 0;
          // One channel is the mean of those there are.
          if (channels === 1) for (const s of sources) value += (s[start + t] ?? 0) / sources.length;
          else value = sources[c]![start + t] ?? 0;
          out[at + t * channels + c] = value;
        }
      }
    },
  };
  const fields = [wave];
  const classes = classesOf(origin, found, record);
  if (classes !== null) fields.push(classes.field((index) => clips[index]!.file));
  const lengths = headers.map(({ frames }) => frames / rate);
  return {
    origin,
    count: clips.length,
    fields,
    sampleRate: rate,
    facts: {
      unit: ['clip', 'clips'],
      hidden: found.hidden,
      sound: {
        rate,
        files: found.files.length,
        shortest: lengths.reduce((a, b) => Math.min(a, b)),
        longest: lengths.reduce((a, b) => Math.max(a, b)),
        total: lengths.reduce((a, b) => a + b, 0),
        clip: length / rate,
      },
      notices: classes?.notices ?? [],
    },
  };
}

class DecodedFiles {
  private readonly kept = new Map<number, Promise<Float64Array[]>>();
  private samples = 0;

  constructor(
    private readonly files: readonly string[],
    private readonly place: Place,
  ) {}

  get(file: number): Promise<Float64Array[]> {
    const known = this.kept.get(file);
    if (known !== undefined) return known;
    if (this.samples > KEPT_SAMPLES) {
      this.kept.clear();
      this.samples = 0;
    }
    const reading = decode(this.files[file]!, this.place);
    this.kept.set(file, reading);
    return reading.then((channels) => {
      this.samples += channels.length * channels[0]!.length;
      return channels;
    });
  }
}

async function decode(path: string, place: Place): Promise<Float64Array[]> {
  try {
    const bytes = await place.open(path);
    const file = new WaveFile(await bytes.read(0, bytes.size));
    await bytes.close();
    const integers = /^(8|16|24|32)$/.test(file.bitDepth);
    if (!integers) file.toBitDepth('32f');
    const samples = file.getSamples(false, Float64Array) as unknown as Float64Array | Float64Array[];
    const channels = samples instanceof Float64Array ? [samples] : samples;
    if (integers) for (const channel of channels) toUnit(channel, Number(file.bitDepth));
    return channels;
  } catch (error) {
    throw new UserError(`${path} cannot be decoded: ${said(error)}`);
  }
}

/** Integer samples of so many bits as in an array: −2^(bits−1) is −1, and no sample is 1. Bytes are unsigned in WAV. */
function toUnit(samples: Float64Array, bits: number): void {
  const half = 2 ** (bits - 1);
  const silence = bits === 8 ? half : 0;
  for (let i = 0; i < samples.length; i++) samples[i] = (samples[i]! - silence) / half;
}

/** Channels, rate and length without reading the samples: a walk over the RIFF chunks. */
async function readHeader(path: string, place: Place): Promise<Header> {
  const refuse = (why: string): never => {
    throw new UserError(`${path} is not a WAV file that can be read: ${why}`);
  };
  const file = await place.open(path, true);
  try {
    const { size } = file;
    let at = 12;
    let format: { channels: number; rate: number; block: number } | null = null;
    for (;;) {
      if (at + 8 > size) return refuse('it has no samples');
      const data = await file.read(at, Math.min(24, size - at));
      const chunk = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const id = latin1(data.subarray(0, 4));
      const length = chunk.getUint32(4, true);
      if (id === 'fmt ' && data.length === 24) {
        format = {
          channels: chunk.getUint16(10, true),
          rate: chunk.getUint32(12, true),
          block: chunk.getUint16(20, true),
        };
      }
      if (id === 'data') {
        if (format === null || format.block === 0 || format.channels === 0)
          return refuse('its format is not said');
        const frames = Math.floor(Math.min(length, size - at - 8) / format.block);
        if (frames === 0) return refuse('it has no samples');
        return { channels: format.channels, rate: format.rate, frames };
      }
      at += 8 + length + (length % 2);
    }
  } finally {
    await file.close();
  }
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);
