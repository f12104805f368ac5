/**
 * A formula's sums and means, and what is computed from them: one launch where there is little to add, else two (partial sums
 * over the whole device, then their sum). The values that are added are computed on the way, never stored, and nothing is
 * transposed.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { Formula, Step } from '../../core/formula/fused.ts';
import {
  Arguments,
  blockOf,
  declarations,
  fetch,
  functionsFor,
  type Read,
  realLanes,
  type Space,
  size,
} from './arguments.ts';
import { blocksOf, newPacked, newScratch, sizeOf, type Texture, type WebGLBackend } from './backend.ts';
import { functionsOf, neededFor, statements, valueText } from './glsl.ts';
import { launcherOf, type Source } from './launch.ts';

/**
 * Which texels of the wide shape go into a texel of the narrow one. `columns`: all rows, the last axis stays. `texels`: first
 * axes, rows and columns stay. `all`: everything. `rows`: last axes.
 */
type Mode = 'columns' | 'texels' | 'all' | 'rows';

/** null: axes in the midst, which are left to tfjs. */
export function modeOf(rank: number, axes: readonly number[]): Mode | null {
  const n = axes.length;
  if (n === rank) return 'all';
  if (axes.every((axis, i) => axis === i)) return n === rank - 1 ? 'columns' : 'texels';
  if (axes.every((axis, i) => axis === rank - n + i)) return 'rows';
  return null;
}

interface Reduction {
  f: Formula;
  mode: Mode;
  wide: readonly number[];
  narrow: readonly number[];
  inputs: readonly (TensorInfo | number)[];
  /** The sums and means, in order. */
  sums: readonly Step[];
  /** Places of the narrow results. */
  places: readonly number[];
  /** Texels of the narrow shape (numbers, in `rows`), and how many of the wide one go into each. */
  each: number;
  times: number;
}

/** How many fragments keep a device busy, and how many texels one may add up by itself. */
const BUSY = 4096;
const ALONE = { columns: 64, texels: 64, all: 256, rows: Number.POSITIVE_INFINITY };

/** The narrow results of a formula. `mode` is `modeOf` its axes, and no operand is empty. */
export function runReductions(
  backend: WebGLBackend,
  f: Formula,
  mode: Mode,
  shapes: { wide: readonly number[]; narrow: readonly number[] },
  inputs: readonly (TensorInfo | number)[],
): TensorInfo[] {
  const { count } = blocksOf(shapes.wide);
  const elements = sizeOf(shapes.narrow);
  const each = { all: 1, rows: elements, columns: 0, texels: 0 }[mode] || blocksOf(shapes.narrow).count;
  const reduction: Reduction = {
    f,
    mode,
    ...shapes,
    inputs,
    sums: f.steps.filter(({ op }) => op === 'sum' || op === 'mean'),
    places: f.outputs.filter((o) => o.narrow).map((o) => o.at),
    each,
    times: count / each,
  };
  const parts = partsOf(reduction);
  if (parts === 1) return finish(backend, reduction, null, 1);
  const partial = reduction.sums.map(() => newScratch(backend, each * parts));
  sumParts(backend, reduction, partial, parts);
  const results = finish(backend, reduction, partial, parts);
  for (const scratch of partial) backend.disposeIntermediateTensorInfo(scratch);
  return results;
}

/** How many fragments share the sum of one narrow texel. */
function partsOf({ mode, each, times }: Reduction): number {
  if (times <= ALONE[mode] || each >= BUSY) return 1;
  if (mode === 'all') return Math.min(512, Math.ceil(times / 32));
  return Math.max(2, Math.min(Math.ceil(BUSY / each), Math.floor(times / 16)));
}

/** The wide operands, and the loop's statements that add to sum0, sum1, … */
interface Loop {
  space: Space;
  reads: Read[];
  steps: Step[];
  text: (start: string, step: string) => string;
}

function loopOf(args: Arguments, { f, mode, wide, sums, inputs, each, times }: Reduction): Loop {
  const { columnPairs } = blocksOf(wide);
  // Going down the columns of textures that are as wide as the shape, a place needs no division.
  const space = args.space(wide, mode === 'columns' ? columnPairs : 0);
  const eachText = args.int(each);
  const timesText = args.int(times);
  const added = sums.map(({ args }) => args[0]!);
  const places = added.flatMap((x) => (typeof x === 'number' ? [] : [x.at]));
  const { steps, inputs: used } = neededFor(f, places);
  const reads = used.map((at) => args.read(space, at, inputs[at]!));
  args.kind += mode;
  const body = (indent: string) => `${blockOf(space, indent)}
${declarations(reads, indent)}
${statements(steps, indent)}`;
  const { rows } = space.blocks;
  const text = (start: string, step: string) => {
    if (mode === 'rows')
      return rowLoop(space, f.axes.length, timesText, body('      '), added.map(valueText));
    const lanes = mode === 'all' ? realLanes(space) : null;
    const add = (x: string) => {
      if (lanes !== null) return `mix(vec4(0.0), ${x}, ${lanes})`;
      if (mode !== 'columns' || rows % 2 === 0) return x;
      return `vec4(${x}.xy, 2 * rb + 1 < ${size(space, 'rows')} ? ${x}.zw : vec2(0.0))`;
    };
    // The last column may have no neighbour; what is read there is told from results at the end.
    return `  for (int k = ${start}; k < ${timesText}; k += ${step}) {
    int T = k * ${eachText} + u;
    ivec2 P = ivec2(u, k);
${body('    ')}
${added.map((x, n) => `    sum${n} += ${add(valueText(x))};`).join('\n')}
  }`;
  };
  return { space, reads, steps, text };
}

/** Each of a narrow texel's four numbers has a run of the wide texels to itself, or half of each in a run. */
function rowLoop(space: Space, reduced: number, times: string, body: string, added: string[]): string {
  const lanes = realLanes(space);
  const real = (x: string) => (lanes === null ? x : `mix(vec4(0.0), ${x}, lanes)`);
  const whole = reduced >= 2;
  const start = whole
    ? `element * run`
    : `((element / ${size(space, 'rows')}) * ${size(space, 'rowPairs')} + (element % ${size(space, 'rows')}) / 2) * run`;
  const sum = whole ? 'dot(four, vec4(1.0))' : '(odd ? four.z + four.w : four.x + four.y)';
  return `  int run = ${whole ? times : size(space, 'columnPairs')};
  for (int lane = 0; lane < 4; lane++) {
    int row = 2 * rb + lane / 2;
    int column = 2 * cb + lane % 2;
    if (row >= rowsHere || column >= columnsHere) continue;
    int element = (b * rowsHere + row) * columnsHere + column;
    ${whole ? '' : `bool odd = (element % ${size(space, 'rows')}) % 2 == 1;`}
    int first = ${start};
    for (int T = first; T < first + run; T++) {
      ivec2 P = ivec2(0);
${body}
${lanes === null ? '' : `      bvec4 lanes = ${lanes};`}
${added.map((x, n) => `      { vec4 four = ${real(x)}; sum${n}[lane] += ${sum}; }`).join('\n')}
    }
  }`;
}

const zeros = (sums: readonly Step[]) => sums.map((_, n) => `  vec4 sum${n} = vec4(0.0);`).join('\n');

/** First launch: each fragment adds up every `parts`-th texel of its share. */
function sumParts(
  backend: WebGLBackend,
  reduction: Reduction,
  partial: readonly Texture[],
  parts: number,
): void {
  const { f, sums, each } = reduction;
  const args = new Arguments(backend);
  const width = args.int(partial[0]!.width);
  const eachText = args.int(each);
  const partsText = args.int(parts);
  const loop = loopOf(args, reduction);
  const launcher = launcherOf(backend);
  const program = launcher.programOf(
    f,
    `parts ${args.kind}`,
    (): Source => ({
      inputs: args.textures.length,
      outputs: partial.length,
      ints: args.ints.length,
      floats: args.floats.length,
      functions: `${functionsOf(loop.steps)}\n${functionsFor(loop.reads)}`,
      main: `  int place = int(gl_FragCoord.y) * ${width} + int(gl_FragCoord.x);
  int u = place % ${eachText};
${zeros(sums)}
${loop.text(`place / ${eachText}`, partsText)}
${sums.map((_, n) => `  out${n} = sum${n};`).join('\n')}`,
    }),
  );
  // Texels behind the last part's add nothing that is read.
  launcher.run(program, args.textures, partial, args.ints, args.floats);
  args.done();
}

/** Last launch: the sums, from parts or from the operands themselves, and the narrow steps. */
function finish(
  backend: WebGLBackend,
  reduction: Reduction,
  partial: readonly Texture[] | null,
  parts: number,
): TensorInfo[] {
  const { f, mode, sums, places, inputs, narrow, wide, each } = reduction;
  const outputs = places.map(() => newPacked(backend, narrow));
  const args = new Arguments(backend);
  const space = args.space(narrow, outputs[0]!.width);
  const { steps, inputs: used } = neededFor(f, places);
  const reads = used.map((at) => args.read(space, at, inputs[at]!));
  const count = sizeOf(wide) / sizeOf(narrow);
  args.floats.push(count);
  const countText = `F[${args.floats.length - 1}]`;
  args.kind += '|';
  const addUp = partial === null ? fromOperands(args, reduction) : fromParts(args, partial, parts, each);
  const launcher = launcherOf(backend);
  const program = launcher.programOf(f, `finish ${args.kind}`, (): Source => {
    const lanes = realLanes(space);
    const result = (at: number) => (lanes === null ? `v${at}` : `mix(vec4(0.0), v${at}, lanes)`);
    return {
      inputs: args.textures.length,
      outputs: places.length,
      ints: args.ints.length,
      floats: args.floats.length,
      functions: `${functionsOf([...steps, ...addUp.steps])}\n${functionsFor(reads)}\n${addUp.functions()}`,
      main: `  ivec2 P = ivec2(gl_FragCoord.xy);
  int T = P.y * ${size(space, 'width')} + P.x;
  int u = T;
  int rowsHere = ${size(space, 'rows')};
  int columnsHere = ${size(space, 'columns')};
${blockOf(space, '  ')}
${zeros(sums)}
${addUp.text()}
${sums.map(({ op, result: { at } }, n) => `  vec4 v${at} = ${folded(mode, `sum${n}`)}${op === 'mean' ? ` / ${countText}` : ''};`).join('\n')}
${declarations(reads, '  ')}
${statements(steps)}
${lanes === null ? '' : `  bvec4 lanes = ${lanes};`}
${places.map((at, n) => `  out${n} = ${result(at)};`).join('\n')}`,
    };
  });
  launcher.run(program, args.textures, outputs, args.ints, args.floats);
  args.done();
  return outputs;
}

interface AddUp {
  steps: Step[];
  functions: () => string;
  text: () => string;
}

function fromOperands(args: Arguments, reduction: Reduction): AddUp {
  const loop = loopOf(args, reduction);
  return {
    steps: loop.steps,
    functions: () => functionsFor(loop.reads),
    text: () => loop.text('0', '1'),
  };
}

function fromParts(args: Arguments, partial: readonly Texture[], parts: number, each: number): AddUp {
  const names = partial.map((scratch) => args.texture(scratch));
  const [width, partsText, eachText] = [args.int(partial[0]!.width), args.int(parts), args.int(each)];
  args.kind += 'from parts';
  return {
    steps: [],
    functions: () => '',
    text: () => `  for (int k = 0; k < ${partsText}; k++) {
    int texel = k * ${eachText} + u;
${names.map((name, n) => `    sum${n} += ${fetch(name, 'texel', width)};`).join('\n')}
  }`,
  };
}

/** What a narrow texel holds of the four sums. */
function folded(mode: Mode, sum: string): string {
  if (mode === 'columns') return `vec4(${sum}.xy + ${sum}.zw, 0.0, 0.0)`;
  if (mode === 'all') return `vec4(dot(${sum}, vec4(1.0)), 0.0, 0.0, 0.0)`;
  return sum;
}
