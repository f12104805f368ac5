/**
 * AST to Model: names, then values in the order of the text, then the schedule. Never throws for a user's mistake: beside
 * errors the Model is partial, and has what checks.
 */
import type { Diagnostic, Outcome, Source } from '../diagnostics/diagnostic.ts';
import type { Code } from '../diagnostics/table.ts';
import type { Model, Net, NetBody, Phase } from '../model/model.ts';
import { soundPart } from '../model/sound.ts';
import { resolveNames } from '../names/resolve.ts';
import { type Load, loadProgram, type Module } from '../names/scope.ts';
import type { File } from '../syntax/ast.ts';
import { fileDoc } from '../syntax/comments.ts';
import { Checker, type NetState } from './evaluate/context.ts';
import {
  checkSettings,
  dataRecords,
  declaredValue,
  isParamValue,
  moduleInits,
  noiseSources,
  stateSpecs,
} from './evaluate/declarations.ts';
import { netBody } from './evaluate/nets.ts';
import { evaluateValues } from './evaluate/values.ts';
import type { Memory } from './reuse.ts';
import type { BatchLimits } from './schedule/counts.ts';
import { examplesOf } from './schedule/examples.ts';
import { declaredOptimizers } from './schedule/optimizers.ts';
import { checkRules, phaseRules } from './schedule/rules.ts';
import { type CheckedPhase, checkSchedule, hasErrors } from './schedule/schedule.ts';
import { unusedNames } from './unused.ts';

export interface CheckInput {
  readonly file: File;
  readonly source: Source;
  /** `--set NAME=value`. */
  readonly set: Readonly<Record<string, string>>;
  /** Reads a `use`d file, relative to the file that uses it. */
  readonly load: Load;
  /** The text did not parse whole: what seems unused may be used in a part that is missing. */
  readonly partial?: boolean;
  /** What an earlier check of these files has left: what still holds of it is not worked out again. */
  readonly before?: Memory;
}

export interface Checked extends Outcome<Model> {
  /** For the next check of these files. */
  readonly memory?: Memory;
  /** What was worked out now, by file, kind and name of the declaration. */
  readonly worked: readonly string[];
}

export function check({ file, source, set, load, partial, before }: CheckInput): Checked {
  const found: Diagnostic[] = [];
  const report = (d: Diagnostic): void => {
    found.push(d);
  };
  const program = loadProgram(file, source, load, report);
  const names = resolveNames(program, report);
  const c = new Checker(program, names, new Map(Object.entries(set)), before);
  for (const d of found) c.add(d);
  const model = elaborate(c, partial === true);
  unusedNames(c);
  const silent = new Set<string>([
    ...(partial ? ofMissingText : []),
    ...(partial || hasErrors(c) ? ofMistakes : []),
  ]);
  const diagnostics = inOrder(
    program.modules,
    c.diagnostics.filter((d) => !silent.has(d.code)),
  );
  const { memory, worked } = c.reuse;
  return { value: model, diagnostics, worked, ...(c.isStopped ? {} : { memory }) };
}

/** In a text that did not parse whole, an unknown name may be declared in the part that is missing. */
const ofMissingText: readonly Code[] = [
  'GAN0201',
  'GAN0202',
  'GAN0222',
  // What is sampled, and what depends on what, may be said there too.
  'GAN0501',
  'GAN0502',
  'GAN0503',
  'GAN0514',
  'GAN0515',
  'GAN0516',
  'GAN0517',
  'GAN0525',
  'GAN0527',
];
/** Beside an error, what seems unused is most often its consequence. */
const ofMistakes: readonly Code[] = ['GAN0217'];

/** `partial`: the text did not parse whole. */
function elaborate(c: Checker, partial: boolean): Model {
  const { main, modules } = c.program;
  checkSettings(c);
  for (const module of modules) {
    moduleInits(c, module);
    for (const declared of module.own)
      if (declared.kind === 'param' || declared.kind === 'net') declaredValue(c, declared);
  }
  c.examples = examplesOf(c);
  c.reuse.examples = JSON.stringify(
    c.examples.map(({ batch, sampled }) => [batch, [...sampled].map(([s, n]) => [s, [...n]])]),
  );
  const data = dataRecords(c);
  const noise = noiseSources(c);
  const states = stateSpecs(c);
  const values = evaluateValues(c);
  const declared = declaredOptimizers(c);
  const called = typeRemainingNets(c);
  const losses = values.filter(({ kind }) => kind === 'loss');
  const schedule = checkSchedule(c, declared, losses);
  // What a declaration that did not parse lacks has been said; the rules look at whole programs.
  c.whole = [...c.nets.values()].every(({ bodies }) => [...bodies.values()].every((body) => body !== null));
  const limits = c.whole && !hasErrors(c) ? checkRules(c, schedule, values) : null;
  const whole = c.whole && !partial && !hasErrors(c);
  const kept = whole ? schedule.phases : schedule.phases.filter((phase) => phase.complete);
  const phases = kept.map(({ phase }) => ({ ...phase, ...limits?.get(phase) }));
  const model: Model = {
    whole,
    name: baseName(main),
    path: main.source.path,
    doc: fileDoc(main.source.text),
    params: paramsOf(c),
    data,
    noise,
    states,
    nets: netsOf(c, called),
    optimizers: [...declared, ...schedule.optimizers],
    values,
    phases,
  };
  return whole ? model : { ...model, phases: soundPhases(c, model, kept) };
}

/** Of a partial Model: the phases that need nothing broken and keep the rules of a phase. */
function soundPhases(c: Checker, model: Model, checked: readonly CheckedPhase[]): Phase[] {
  const sound = new Set(soundPart(model).phases.map(({ name }) => name));
  const phases: Phase[] = [];
  for (const one of checked) {
    if (!sound.has(one.phase.name)) continue;
    let limits: BatchLimits | null = null;
    const holds = c.holds(() => {
      limits = phaseRules(c, one, soundPart({ ...model, phases: [one.phase] }).values);
    });
    if (holds) phases.push({ ...one.phase, ...(limits as BatchLimits | null) });
  }
  return phases;
}

/**
 * Nets that nothing calls are typed on examples, so that their mistakes are found and their weights known. Returns the
 * nets that this program needs: the file's own and what is called; not the rest of the files that it uses.
 */
function typeRemainingNets(c: Checker): ReadonlySet<string> {
  const type = (state: NetState): void => {
    if (state.bodies.size === 0) netBody(c, state, 'e'.repeat(state.params.length));
  };
  for (const state of c.nets.values()) if (state.declared.module === c.program.main) type(state);
  const needed = [...c.nets].filter(([, state]) => state.bodies.size > 0).map(([name]) => name);
  for (const state of c.nets.values()) type(state);
  return new Set(needed);
}

/** What `--set` can reach: the file's own params and those of files that it uses. */
function paramsOf(c: Checker): Model['params'] {
  return [...c.program.main.names.values()].flatMap((d) => {
    if (d.kind !== 'param') return [];
    const value = declaredValue(c, d);
    if (value.kind !== 'constant' || !isParamValue(value.value)) return [];
    return [{ name: d.name.text, value: value.value, doc: d.node.doc, span: d.node.span }];
  });
}

function netsOf(c: Checker, called: ReadonlySet<string>): Net[] {
  return [...c.nets.values()].flatMap(({ declared, params, results, bodies, frame }): Net[] => {
    const { node } = declared;
    const name = declared.name.text;
    if (node.kind !== 'net' || !frame || !(called.has(name) || c.scheduledNets.has(name))) return [];
    const typed = new Map<string, NetBody>();
    for (const [key, body] of bodies) if (body && body !== 'working') typed.set(key, body);
    return [
      {
        name,
        params: params.flatMap(({ name, type }) => (type ? [{ name, type }] : [])),
        results: results.flatMap(({ name, type }) => (type ? [{ name, type }] : [])),
        weights: frame.weights,
        stats: frame.stats,
        calls: [...frame.calls],
        from: node.from?.value ?? null,
        bodies: typed,
        doc: node.doc,
        span: node.span,
      },
    ];
  });
}

function baseName({ source }: Module): string {
  // Standard input has no name of its own.
  if (source.path === '<stdin>') return 'model';
  const name = source.path.split(/[\\/]/).at(-1) ?? '';
  return name.replace(/\.gan$/, '') || 'model';
}

/** By file (used ones first), then by place; what is said twice of one place is said once. */
function inOrder(modules: readonly Module[], diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = new Map(modules.map((m, i) => [m.source.path, i]));
  const seen = new Set<string>();
  return diagnostics
    .filter(({ code, span }) => {
      const key = `${code} ${span.file}:${span.start}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .sort(
      (a, b) =>
        (files.get(a.span.file) ?? -1) - (files.get(b.span.file) ?? -1) ||
        a.span.start - b.span.start ||
        a.span.end - b.span.end,
    );
}
