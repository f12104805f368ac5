/**
 * The whole way through:
 *
 *   text ─parse→ tree ─check→ Model ─plan→ Plan ─emit→ files
 *
 * Every arrow is a pure function; what a stage has to say is a diagnostic, and each result can be printed. `check` resolves
 * names first, and `plan` builds graphs and runs passes over them.
 */

import prelude from '../grammar/prelude.gan';
import { type Read, withoutAllowed } from './check/allow.ts';
import { check } from './check/check.ts';
import { withProvenRepairs } from './check/repair/proven.ts';
import type { Memory } from './check/reuse.ts';
import { craft } from './craft/craft.ts';
import type { Diagnostic, Source, Span } from './diagnostics/diagnostic.ts';
import { diagnose } from './diagnostics/table.ts';
import { browserModule, browserPackage, type PageOptions } from './emit/browser/package.ts';
import { type EmittedFiles, nodePackage, type PackageOptions } from './emit/node/package.ts';
import { printStage, type Stage } from './emit/stages.ts';
import { moduleFile } from './emit/text/file-names.ts';
import { emit } from './emit/tfjs/emit.ts';
import { mostNodes, TooLarge } from './ir/budget.ts';
import type { Model } from './model/model.ts';
import { soundPart } from './model/sound.ts';
import { operations } from './ops/table.ts';
import { makePlan } from './plan/make-plan.ts';
import type { Plan } from './plan/plan.ts';
import { estimate } from './plan/size.ts';
import type { File } from './syntax/ast.ts';
import { parse } from './syntax/parse.ts';

export interface Input {
  readonly source: Source;
  /** `--set NAME=value`. */
  readonly set?: Readonly<Record<string, string>>;
  /** Reads a `use`d file, relative to the file that uses it. */
  readonly load: (path: string, from: string) => Source | undefined;
}

export interface Analysis {
  readonly file?: File;
  /** Beside errors it is partial, and has what checks; missing where the text could not be read, or would be too large. */
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
  /** Every text that a span may point into, the prelude's too. */
  readonly sources: readonly Source[];
  /** For the next analysis of these files. */
  readonly memory?: Memory;
  /** The declarations that this analysis has worked out itself, by file, kind and name; and how many of its file it has parsed. */
  readonly worked: readonly string[];
  readonly parsed: number;
}

/**
 * What `ganc check` says of a file, and the model: whole, or beside errors what checks of it. With the `previous` analysis of
 * the same file, declarations that an edit does not touch are not worked out again; the result is the same.
 */
export function analyse(given: Input, previous?: Analysis): Analysis {
  const input = { ...given, source: notPrelude(given.source) };
  const analysis = analyseAsIs(input, previous);
  const again = (source: Source) => analyseAsIs({ ...input, source }, analysis).diagnostics;
  return { ...analysis, diagnostics: withProvenRepairs(input.source, analysis.diagnostics, again) };
}

/** With repairs as the checker proposes them, which may not have been tried. */
function analyseAsIs({ source, set = {}, load }: Input, previous?: Analysis): Analysis {
  const used = new Map<string, Source>();
  const [main] = previous?.sources ?? [];
  const parsed = parse(source, previous?.file && main ? { text: main.text, file: previous.file } : undefined);
  const sources = () => [source, ...used.values(), { path: 'prelude.gan', text: prelude }];
  const file = parsed.value;
  if (!file) return { diagnostics: parsed.diagnostics, sources: sources(), worked: [], parsed: 0 };
  const checked = check({
    file,
    source,
    set: { ...set },
    partial: hasErrors(parsed.diagnostics),
    ...(previous?.memory ? { before: previous.memory } : {}),
    load: (path, from) => {
      const found = load(path, from);
      const loaded = found && notPrelude(found);
      if (loaded) used.set(loaded.path, loaded);
      return loaded;
    },
  });
  const model = checked.value;
  const said = [...parsed.diagnostics, ...checked.diagnostics.filter(outsideOf(parsed.diagnostics, file))];
  const refused = model?.whole && !hasErrors(said) ? tooLarge(model, sources()) : [];
  // A file with errors has more urgent matters than its craft.
  const slips = model?.whole && !hasErrors(said) && refused.length === 0 ? craft(model) : [];
  const found = [...said, ...refused, ...slips];
  const diagnostics = withoutAllowed(found, [{ source, file }, ...readAgain(used.values(), found)]);
  const { memory, worked } = checked;
  return {
    file,
    ...(model && refused.length === 0 ? { model } : {}),
    ...(memory ? { memory } : {}),
    worked,
    parsed: parsed.parsed,
    diagnostics,
    sources: sources(),
  };
}

/** A user's own file may be called as the prelude is, whose spans have that path. */
function notPrelude(source: Source): Source {
  return source.path === 'prelude.gan' ? { ...source, path: './prelude.gan' } : source;
}

/** What the folder is to run on, with what the host has for it: vendored texts, and the compiler's version. */
export type Options =
  | ({ readonly target: 'node' } & PackageOptions)
  | ({ readonly target: 'browser' } & PageOptions);

export interface Compiled extends Analysis {
  readonly plan?: Plan;
  /** The emitted folder: name to text. Absent where the file has errors. */
  readonly files?: EmittedFiles;
}

export function compile(input: Input, options: Options): Compiled {
  const analysis = analyse(input);
  const { model, sources } = analysis;
  if (!model?.whole || hasErrors(analysis.diagnostics)) return analysis;
  const plan = planOf(model, sources);
  const emitted = (imports: typeof tfjsModule) =>
    emit(plan, { ...imports, operations, sources, file: moduleFile(model) });
  const files =
    options.target === 'browser'
      ? browserPackage(model, emitted(browserModule), sources, options)
      : nodePackage(model, emitted(tfjsModule), sources, options);
  return { ...analysis, plan, files };
}

/** The module alone, for a host that runs it at once. */
export function moduleOf(model: Model, sources: readonly Source[], imports: Partial<typeof tfjsModule> = {}) {
  return emit(planOf(model, sources), {
    ...tfjsModule,
    ...imports,
    operations,
    sources,
    file: moduleFile(model),
  });
}

/** Any stage as text: `ganc compile --emit ast|model|ir|grad|plan|js`. Of a partial Model there is no more than itself. */
export function stageText(stage: Stage, { file, model, sources }: Analysis): string | undefined {
  if (stage === 'ast') return file && printStage(stage, file);
  if (!model) return undefined;
  if (stage === 'model') return printStage(stage, model);
  if (!model.whole) return undefined;
  if (stage === 'js') return moduleOf(model, sources).code;
  return printStage(stage, planOf(model, sources));
}

const tfjsModule = { tfjs: '@tensorflow/tfjs', runtime: './runtime.js' };

/** What cannot be built is found by trying; for nearly all programs a look at their size is enough. */
function tooLarge(model: Model, sources: readonly Source[]): Diagnostic[] {
  if (estimate(model) < mostNodes) return [];
  try {
    tried.set(model, planOf(model, sources));
    return [];
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    const { message, statement, inside } = error;
    const isSaid = sources.some(({ path }) => path === inside.file && path !== 'prelude.gan');
    const labels = isSaid ? [{ span: inside, text: 'given up here' }] : [];
    const help =
      '`each` is unrolled, and every call of a net is built for itself: take fewer turns, or fewer gradients within gradients';
    return [diagnose('GAN0247', statement, { what: message }, { labels, help })];
  }
}

/** Plans that were made to see whether they can be. */
const tried = new WeakMap<Model, Plan>();

/** Of a partial Model: the plan of its sound part. Throws a `TooLarge` for a model that `analyse` has not seen. */
export function planOf(model: Model, sources: readonly Source[]): Plan {
  const known = tried.get(model);
  if (known) return known;
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  return makePlan(soundPart(model), {
    text: ({ file, start, end }: Span) => texts.get(file)?.slice(start, end) ?? '',
  });
}

/** What is found in a declaration that did not parse whole most often follows from the part that is missing. */
function outsideOf(errors: readonly Diagnostic[], { path, declarations }: File) {
  const starts = declarations.map(({ span }) => span.start);
  const place = (at: number) => starts.findLastIndex((start) => start <= at);
  const broken = new Set(errors.filter((e) => e.severity === 'error').map((e) => place(e.span.start)));
  return ({ span }: Diagnostic) => span.file !== path || !broken.has(place(span.start));
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** The trees of used files in which something was found, for what their comments allow. */
function* readAgain(sources: Iterable<Source>, found: readonly Diagnostic[]): Generator<Read> {
  for (const source of sources) {
    if (!found.some(({ span }) => span.file === source.path)) continue;
    const { value } = parse(source);
    if (value) yield { source, file: value };
  }
}
