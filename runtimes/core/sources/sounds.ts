/**
 * Folders of WAV files (or one file): cut into clips of the declared length, a short file filled up with silence. Files of
 * another rate are resampled to that of the most, or to the one that is asked for.
 */
import { UserError } from '../errors.ts';
import { counted, listed, type Notice, type SoundFacts } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { classesOf, type Files, keysOf } from './classes.ts';
import { type Declared, typeText } from './declared.ts';
import type { Place } from './place.ts';
import { Broken, type RawField, type RawSource } from './raw.ts';
import { resampled } from './resampled.ts';
import { bounds } from './select.ts';
import { each } from './several.ts';
import { NotRead, readWave, type Wave } from './wav.ts';

/** Clips are kept in memory up to here. */
const MEMORY = 256 * 2 ** 20;
/** Folders up to here are read whole when they are opened, so that every broken file is known before the first step. */
const READ = { files: 2000, samples: 32 * 2 ** 20 };

/** Clips are listed in memory. */
const MOST_CLIPS = 1_000_000;

interface Clip {
  file: number;
  start: number;
}

export async function openSounds(
  origin: string,
  found: Files,
  record: readonly Declared[],
  place: Place,
  { stride, part }: ReadingSpec,
): Promise<RawSource> {
  const declared = record.find((d) => d.type.meaning !== 'label');
  if (declared === undefined || declared.type.shape.length > 2) {
    const d = declared ?? record[0]!;
    throw new UserError(`${origin} holds sound, but \`${d.name}\` is declared ${typeText(d.type)}`, {
      hint: 'declare it sound[n], n samples long',
    });
  }
  const [length = 1, channels = 1] = declared.type.shape;
  const { files } = found;
  const { waves, broken } = await headersOf(files, place);
  const rate = place.resample ?? commonest([...waves.values()].map((w) => w.rate));
  if (rate === null) throw noneRead(origin, files, broken);
  // Of one file a part is a stretch of time; of several, some of the files.
  const inTime = part !== undefined && files.length === 1;
  const step = stride ?? length;
  const clips: Clip[] = [];
  const missing = new Map<number, string>();
  const used = new Map<number, Wave>();
  files.forEach((path, file) => {
    const wave = waves.get(file);
    if (wave === undefined) {
      // It counts as one example that is left out.
      missing.set(clips.length, broken.get(file)!);
      clips.push({ file, start: 0 });
      return;
    }
    if (channels !== 1 && wave.channels !== channels) {
      throw new UserError(
        `${path} has ${counted(wave.channels, 'channel')}, but \`${declared.name}\` is declared ${typeText(declared.type)}`,
        { hint: `declare sound[${length}] for the mean of all channels, or give files of ${channels}` },
      );
    }
    const played = wave.rate === rate ? wave : resampled(wave, rate, path);
    used.set(file, played);
    const [from, to] = inTime ? bounds(part, played.frames) : [0, played.frames];
    if (inTime && to - from < length) {
      throw new UserError(
        `part ${part[0]} to ${part[1]} of ${path} has ${counted(to - from, 'sample')}, fewer than the ${counted(length, 'sample')} of \`${declared.name}\``,
        { hint: 'take a larger part, or declare shorter clips' },
      );
    }
    const count = Math.max(1, Math.floor((to - from - length) / step) + 1);
    if (clips.length + count > MOST_CLIPS) throw tooMany(origin, [...waves.values()], rate, step);
    for (let k = 0; k < count; k++) clips.push({ file, start: from + k * step });
  });
  const reader = new Clips(clips, used, files, [length, channels], place);
  const overlap = Math.max(1, length / step);
  const samples = overlap * [...used.values()].reduce((sum, w) => sum + w.frames * w.channels, 0);
  if (files.length <= READ.files && samples <= READ.samples) {
    const readable = clips.map((_, i) => i).filter((i) => !missing.has(i));
    await each(readable, async (index) => {
      try {
        await reader.clip(index);
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        missing.set(index, error.why);
      }
    });
  }
  const classes = classesOf(origin, found, record);
  const keys = keysOf(origin, files);
  const nth = (start: number) =>
    start === 0
      ? ''
      : stride === undefined && !inTime
        ? ` (clip ${1 + start / length})`
        : ` (from sample ${start})`;
  return {
    origin,
    count: clips.length,
    fields: [reader.field, ...(classes === null ? [] : [classes.field((i) => clips[i]!.file)])],
    sampleRate: rate,
    clips: true,
    parted: inTime,
    group: (i) => clips[i]!.file,
    paths: clips.map(({ file, start }) => files[file]! + nth(start)),
    keys: clips.map(({ file, start }) => keys[file]! + nth(start)),
    broken: missing,
    facts: {
      unit: ['clip', 'clips'],
      how: [
        ...(stride === undefined ? [] : [`one every ${counted(stride, 'sample')}`]),
        ...(inTime ? [`part ${part[0]} to ${part[1]} in time`] : []),
      ],
      hidden: found.hidden,
      sound: soundFacts([...used.values()], rate, length),
      notices: [
        ...(classes?.notices ?? []),
        ...rateNotices([...waves.values()], rate),
        ...cutOff(waves, files),
      ],
    },
  };
}

function tooMany(origin: string, waves: readonly Wave[], rate: number, step: number): UserError {
  const samples = waves.reduce((sum, w) => sum + (w.frames * rate) / w.rate, 0);
  return new UserError(
    `${origin} gives more than ${MOST_CLIPS.toLocaleString('en')} clips, one every ${counted(step, 'sample')}`,
    { hint: `take a stride of ${Math.ceil((1.1 * samples) / MOST_CLIPS)} or more` },
  );
}

async function headersOf(files: readonly string[], place: Place) {
  const waves = new Map<number, Wave>();
  const broken = new Map<number, string>();
  await each(files, async (path, i) => {
    try {
      const file = await place.open(path, true);
      try {
        waves.set(i, await readWave(file));
      } finally {
        await file.close();
      }
    } catch (error) {
      broken.set(i, reasonOf(error, path));
    }
  });
  return { waves, broken };
}

/** Why a file is left out; what is no fault of the file is thrown on. */
function reasonOf(error: unknown, path: string): string {
  if (error instanceof NotRead) return error.message;
  if (error instanceof UserError && error.code === 1) return error.message.replace(path, 'it');
  throw error;
}

function noneRead(origin: string, files: readonly string[], broken: ReadonlyMap<number, string>): UserError {
  const [first] = [...broken].sort(([a], [b]) => a - b);
  const [file, why] = first!;
  if (files.length === 1) return new UserError(`${files[file]} is not a WAV file that can be read: ${why}`);
  return new UserError(
    `none of the ${files.length} WAV files of ${origin} can be read; the first, ${files[file]}: ${why}`,
  );
}

/** The rate of the most files; the lower one where two have as many. */
function commonest(rates: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const rate of rates) counts.set(rate, (counts.get(rate) ?? 0) + 1);
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  return first?.[0] ?? null;
}

class Clips {
  readonly field: RawField;
  private readonly kept: (Float32Array | undefined)[] | null;

  constructor(
    private readonly clips: readonly Clip[],
    private readonly waves: ReadonlyMap<number, Wave>,
    private readonly files: readonly string[],
    private readonly shape: readonly [number, number],
    private readonly place: Place,
  ) {
    const bytes = 4 * shape[0] * shape[1] * clips.length;
    this.kept = bytes <= MEMORY ? new Array(clips.length) : null;
    this.field = {
      name: null,
      shape,
      content: 'sound',
      slow: true,
      read: (index, out, at) => {
        const known = this.kept?.[index];
        if (known !== undefined) return void out.set(known, at);
        return this.clip(index).then((values) => void out.set(values, at));
      },
    };
  }

  /** Throws `Broken`. */
  async clip(index: number): Promise<Float32Array> {
    const { file, start } = this.clips[index]!;
    const path = this.files[file]!;
    const wave = this.waves.get(file);
    if (wave === undefined) throw new Broken(path, 'it was not read');
    let samples: Float32Array;
    try {
      const bytes = await this.place.open(path, true);
      try {
        samples = await wave.read(bytes, start, this.shape[0]);
      } finally {
        await bytes.close();
      }
    } catch (error) {
      throw new Broken(path, reasonOf(error, path));
    }
    const wrong = samples.find((v) => !Number.isFinite(v));
    if (wrong !== undefined) throw new Broken(path, `it holds ${wrong}`);
    const values = this.shape[1] === 1 ? mixed(samples, wave.channels) : samples;
    if (this.kept !== null) this.kept[index] = values;
    return values;
  }
}

/** One channel is the mean of those there are. */
function mixed(samples: Float32Array, channels: number): Float32Array {
  if (channels === 1) return samples;
  return Float32Array.from({ length: samples.length / channels }, (_, t) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += samples[t * channels + c]!;
    return sum / channels;
  });
}

function soundFacts(waves: readonly Wave[], rate: number, length: number): SoundFacts {
  const seconds = waves.map((w) => w.frames / rate);
  return {
    rate,
    files: waves.length,
    shortest: seconds.reduce((a, b) => Math.min(a, b)),
    longest: seconds.reduce((a, b) => Math.max(a, b)),
    total: seconds.reduce((a, b) => a + b, 0),
    clip: length / rate,
  };
}

function rateNotices(waves: readonly Wave[], rate: number): Notice[] {
  const others = waves.filter((w) => w.rate !== rate);
  if (others.length === 0) return [];
  const rates = [...new Set(others.map((w) => w.rate))].sort((a, b) => a - b).map((r) => `${r} Hz`);
  return [
    {
      message: `${others.length} of ${counted(waves.length, 'file')} ${others.length === 1 ? 'is' : 'are'} resampled from ${listed(rates, 5)} to ${rate} Hz`,
      hint: '--resample RATE chooses another rate',
    },
  ];
}

function cutOff(waves: ReadonlyMap<number, Wave>, files: readonly string[]): Notice[] {
  const cut = [...waves].filter(([, wave]) => wave.cutOff).map(([i]) => files[i]!);
  if (cut.length === 0) return [];
  return [
    {
      message: `${counted(cut.length, 'file')} ${cut.length === 1 ? 'is' : 'are'} cut off, and used as far as ${cut.length === 1 ? 'it goes' : 'they go'}: ${listed(cut, 3)}`,
      hint: null,
    },
  ];
}
