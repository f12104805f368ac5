/**
 * What a data set is made of, found when it is opened: said in a line a record where training starts, shown in the page,
 * and written whole by `--json`.
 */

/** Something in the data that a person would want to know, and the way out. */
export interface Notice {
  readonly message: string;
  readonly hint: string | null;
}

export interface ClassFacts {
  readonly name: string;
  /** Examples of it. */
  readonly count: number;
}

export interface LabelFacts {
  /** Of the field. */
  readonly name: string;
  readonly classes: readonly ClassFacts[] | null;
}

/** A file, row or pair that training does not see. */
export interface Skipped {
  readonly what: string;
  readonly why: string;
}

/** Shares of a picture's area, 0 to 1, that are left when it is cropped to the declared shape. */
export interface CropFacts {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Pictures whose size was looked at. */
  readonly of: number;
}

export interface SoundFacts {
  /** Samples a second that training sees. */
  readonly rate: number;
  readonly files: number;
  /** Seconds. */
  readonly shortest: number;
  readonly longest: number;
  readonly total: number;
  /** Of one example, in seconds. */
  readonly clip: number;
}

export interface DataFacts {
  /** Path or name of the source. */
  readonly origin: string;
  /** Examples that training sees: without those that were skipped. */
  readonly count: number;
  /** What an example is called: one, many. */
  readonly unit: readonly [string, string];
  /** Of the record's first label, in the order of the one-hot vector; null where there are none, or too many to count. */
  readonly classes: readonly ClassFacts[] | null;
  /** Of its other labels. */
  readonly labels: readonly LabelFacts[];
  /** How the declaration has it read: windows, a part, some classes, moved pictures. */
  readonly how: readonly string[];
  readonly skipped: readonly Skipped[];
  readonly crop: CropFacts | null;
  readonly sound: SoundFacts | null;
  /** Hidden files and folders that were left out. */
  readonly hidden: readonly string[];
  readonly notices: readonly Notice[];
}

/** What a reader of files found; the rest is as in `none`. */
export type SourceFacts = Partial<DataFacts>;

export const none: Omit<DataFacts, 'origin' | 'count'> = {
  unit: ['example', 'examples'],
  classes: null,
  labels: [],
  how: [],
  skipped: [],
  crop: null,
  sound: null,
  hidden: [],
  notices: [],
};

/** Classes that a line names; `--json` and `ganc data` name all. */
const NAMED = 20;
/** Skipped files that are named. */
const LISTED = 5;

/** The facts as lines: one of the record, one for each kind of thing left out, one a notice. */
export function factLines(names: readonly string[], facts: DataFacts, named = NAMED): string[] {
  return [
    `${names.join(', ')}: ${headline(facts, facts.origin, named)}`,
    ...leftOut(facts).map((line) => `  ${line}`),
    ...facts.notices.map((notice) => `  note: ${noticeWords(notice)}`),
  ];
}

/** `36 pictures from cats; 2 classes: …`; no `from` where the origin is said already. */
export function headline(facts: DataFacts, from: string | null, named = NAMED): string {
  const count = counted(facts.count, ...facts.unit);
  const parts = [from === null ? count : `${count} from ${from}`];
  parts.push(...facts.how);
  if (facts.sound !== null) parts.push(soundWords(facts.sound));
  if (facts.classes !== null) parts.push(classWords(facts.classes, named));
  for (const { name, classes } of facts.labels)
    if (classes !== null) parts.push(`${name}: ${classWords(classes, named)}`);
  if (facts.crop !== null) parts.push(cropWords(facts.crop));
  return parts.join('; ');
}

/** What training does not see. */
export function leftOut({ skipped, hidden }: DataFacts): string[] {
  const lines = skipped.slice(0, LISTED).map(({ what, why }) => `  ${what}: ${why}`);
  if (skipped.length > LISTED) lines.push(`  … and ${number(skipped.length - LISTED)} more`);
  return [
    ...(skipped.length === 0 ? [] : [`skipped: ${number(skipped.length)}`, ...lines]),
    ...(hidden.length === 0 ? [] : [`hidden, left out: ${listed(hidden, LISTED)}`]),
  ];
}

export function noticeWords({ message, hint }: Notice): string {
  return `${message}${hint === null ? '' : `; ${hint}`}`;
}

function classWords(classes: readonly ClassFacts[], named: number): string {
  const [first] = classes;
  const words = counted(classes.length, 'class', 'classes');
  if (first === undefined) return words;
  const numbered = classes.every(({ name }, i) => name === String(i));
  if (numbered && classes.length > 1 && classes.every(({ count }) => count === first.count)) {
    return `${words}, 0 to ${classes.length - 1}, ${number(first.count)} each`;
  }
  return `${words}: ${listed(
    classes.map(({ name, count }) => `${name} (${number(count)})`),
    named,
  )}`;
}

function cropWords({ mean, least, most, of }: CropFacts): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  if (least > 0.995) return 'nothing is cropped';
  if (of === 1 || percent(least) === percent(most)) return `cropping keeps ${percent(mean)} of each picture`;
  return `cropping keeps ${percent(mean)} of a picture on average, between ${percent(least)} and ${percent(most)}`;
}

function soundWords({ rate, files, shortest, longest, clip }: SoundFacts): string {
  const lengths =
    seconds(shortest) === seconds(longest) ? seconds(longest) : `${seconds(shortest)} to ${seconds(longest)}`;
  return `${number(rate)} Hz, clips of ${seconds(clip)} from ${counted(files, 'file')} of ${lengths}`;
}

const groups = new Intl.NumberFormat('en');

/** `12,345` */
export const number = (n: number): string => groups.format(n);

function seconds(s: number): string {
  return s < 0.9995 ? `${Math.round(1000 * s)} ms` : `${Number(s.toFixed(2))} s`;
}

/** `1 picture`, `12,000 pictures` */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

/** The first so many, and how many more there are. */
export function listed(words: readonly string[], most: number): string {
  if (words.length <= most) return words.join(', ');
  return `${words.slice(0, most).join(', ')} … and ${number(words.length - most)} more`;
}
