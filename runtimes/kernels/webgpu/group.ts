/**
 * Formulas that end in sums and means. A workgroup takes a tile of neighbouring narrow places: its invocations go through
 * what is reduced side by side, write wide outputs in passing, add up their own share, and halve their number until one
 * is left for each narrow place, which computes the narrow steps. So a batch norm's mean, variance and the scale from
 * them are one launch.
 *
 * A tile has 8 narrow places where neighbours in memory are neighbours in the tile: 32 bytes, what memory hands out at
 * once. Narrower tiles would read more than they use, wider ones leave most of the processors idle: 64 channels are 8
 * workgroups. Where even so a workgroup would have to go through more than 2¹⁷ values, what is reduced is cut into
 * parts for as many workgroups, and a second launch adds them up: a launch costs about what 2¹⁷ values do.
 */
import { labelOf, type Written } from './chain.ts';
import {
  type Binding,
  Floats,
  INVOCATIONS,
  isReduction,
  type Operands,
  type Part,
  programText,
  stepLines,
  valueName,
} from './formula.ts';
import { coordinates, joinAxes, offset } from './indexing.ts';

/** Narrow places of a tile whose neighbours lie side by side. */
const TILE = 8;
/** Values for one workgroup, above which there are several, and for each of those. */
const MOST = 2 ** 17;
const SHARE = 2 ** 15;

/** One launch, or two: the first leaves partial sums, [sums, parts, narrow], for the second. */
export interface WrittenGroup {
  first: Written;
  /** Wide outputs are the first's, narrow ones the second's. */
  second: Written | null;
  /** How many partial sums the two hand over. */
  partials: number;
}

/** null: an operation that has no WGSL. */
export function writeGroup(part: Part, wide: readonly number[], operands: Operands): WrittenGroup | null {
  const tiling = tilingOf(part, wide, operands.shape);
  const { narrowCount, reducedCount, columns } = tiling;
  const tiles = Math.ceil(narrowCount / columns);
  const tall = reducedCount * columns > MOST && tiles < 64;
  if (!tall) {
    const first = write(part, tiling, operands, 'whole', 1);
    return first && { first, second: null, partials: 0 };
  }
  const parts = Math.min(256, Math.ceil((reducedCount * columns) / SHARE));
  const sums = part.steps.filter(isReduction).length;
  const first = write(part, tiling, operands, 'leave', parts);
  const second = write(part, tiling, operands, 'collect', parts);
  return first && second && { first, second, partials: sums * parts * narrowCount };
}

interface Tiling {
  /** Joined axes: how long each is, which are reduced, and which the wide- and the narrow-read inputs have. */
  sizes: number[];
  reduced: boolean[];
  wideHas: boolean[][];
  narrowHas: boolean[][];
  narrowCount: number;
  reducedCount: number;
  /** A workgroup's narrow places, and the invocations for each; whether neighbours in it are narrow ones. */
  columns: number;
  rows: number;
  columnsFirst: boolean;
}

function tilingOf(
  part: Part,
  wide: readonly number[],
  shapeOf: (input: number) => readonly number[],
): Tiling {
  const { axes, keep } = part.formula;
  const isReduced = (axis: number) => axes.includes(axis);
  /** A narrow operand's shape among the wide axes. */
  const lifted = (shape: readonly number[]): number[] => {
    if (keep) return [...shape];
    const kept = wide.length - axes.length;
    // One number may have more axes than the narrow shape.
    const own = [...new Array<number>(kept).fill(1), ...shape].slice(-kept);
    let next = 0;
    return wide.map((_, axis) => (isReduced(axis) ? 1 : own[next++]!));
  };
  const shapes = [...part.wide.map(shapeOf), ...part.narrow.map((i) => lifted(shapeOf(i)))];
  const { sizes, has, marked } = joinAxes(wide, shapes, isReduced);
  const product = (wanted: boolean) => sizes.reduce((p, n, k) => (marked[k] === wanted ? p * n : p), 1);
  const narrowCount = product(false);
  const reducedCount = product(true);
  const columnsFirst = marked.at(-1) === false;
  let columns: number;
  if (columnsFirst)
    columns = Math.max(INVOCATIONS / powerAbove(reducedCount), Math.min(TILE, powerAbove(narrowCount)));
  else columns = INVOCATIONS / powerAbove(reducedCount);
  columns = Math.min(INVOCATIONS, Math.max(1, columns));
  return {
    sizes,
    reduced: marked,
    wideHas: has.slice(0, part.wide.length),
    narrowHas: has.slice(part.wide.length),
    narrowCount,
    reducedCount,
    columns,
    rows: INVOCATIONS / columns,
    columnsFirst,
  };
}

/** The least power of two that is not below n, and no more than there are invocations. */
function powerAbove(n: number): number {
  let p = 1;
  while (p < n && p < INVOCATIONS) p *= 2;
  return p;
}

/** `whole`: all in one. `leave`: sums of parts to `partial`. `collect`: those added up, and the narrow steps. */
type Stage = 'whole' | 'leave' | 'collect';

function write(part: Part, tiling: Tiling, operands: Operands, stage: Stage, parts: number): Written | null {
  const { formula, steps } = part;
  const { sizes, reduced, columns, rows, columnsFirst, narrowCount, reducedCount } = tiling;
  const inputs = formula.inputs.length;
  const floats = new Floats();
  const sums = steps.filter(isReduction);
  const wideSteps = stage === 'collect' ? [] : steps.filter((s) => !s.narrow);
  const narrowSteps = stage === 'leave' ? [] : steps.filter((s) => s.narrow && !isReduction(s));
  const wideInputs = stage === 'collect' ? [] : part.wide;
  const narrowInputs = stage === 'leave' ? [] : part.narrow;
  const written = part.outputs.filter((o) => {
    const { narrow } = formula.outputs[o]!;
    return stage === 'whole' || narrow === (stage === 'collect');
  });

  const bound = [...new Set([...wideInputs, ...narrowInputs])].sort((a, b) => a - b);
  const bindings: Binding[] = bound.map((i) => ({
    name: `i${i}`,
    lanes: 1,
    written: false,
    whole: operands.isWhole(i),
  }));
  if (stage === 'collect') bindings.push({ name: 'partial', lanes: 1, written: false });
  for (const o of written) bindings.push({ name: `o${o}`, lanes: 1, written: true });
  if (stage === 'leave') bindings.push({ name: 'partial', lanes: 1, written: true });

  const names = sizes.map((_, k) => `c${k}`);
  const fields = sizes.map((_, k) => `u.d${k}`);
  const among = <V>(list: readonly V[], wanted: boolean) => list.filter((_, k) => reduced[k] === wanted);
  const coordinatesOf = (index: string, wanted: boolean) =>
    coordinates(index, among(names, wanted), among(fields, wanted));

  const named = new Map<number, string>();
  const loop: string[] = [];
  if (stage === 'collect') {
    sums.forEach((_, k) => {
      loop.push(`sum${k} += partial[(${k}u * u.parts + r) * u.narrow + column];`);
    });
  } else {
    loop.push(...coordinatesOf('r', true));
    wideInputs.forEach((input, i) => {
      loop.push(`let x${input} = T(i${input}[${offset(tiling.wideHas[i]!, names, fields)}]);`);
      named.set(input, `x${input}`);
    });
    const lines = stepLines(wideSteps, named, operands, inputs, floats);
    if (lines === null) return null;
    loop.push(...lines);
    const everywhere = offset(
      sizes.map(() => true),
      names,
      fields,
    );
    for (const o of written) {
      const { at, narrow } = formula.outputs[o]!;
      if (!narrow) loop.push(`o${o}[${everywhere}] = ${named.get(at)};`);
    }
    sums.forEach((s, k) => {
      loop.push(`sum${k} += ${valueName(s.args[0]!, named, operands, inputs, floats)};`);
    });
  }

  const place = 'group.y * groups.x + group.x';
  const body = [
    stage === 'leave' ? `let part = (${place}) % u.parts;` : '',
    `let tile = ${stage === 'leave' ? `(${place}) / u.parts` : place};`,
    `let column = tile * ${columns}u + ${columnsFirst ? `lane % ${columns}u` : `lane / ${rows}u`};`,
    `let row = ${columnsFirst ? `lane / ${columns}u` : `lane % ${rows}u`};`,
    'let inside = column < u.narrow;',
    ...sums.map((_, k) => `var sum${k} = 0.0;`),
    // Of a place outside, what is read is thrown away.
    ...coordinatesOf('select(0u, column, inside)', false),
    'if (inside) {',
    ...loopHead(stage, rows),
    ...loop.map((line) => `    ${line}`),
    '  }',
    '}',
    ...sums.flatMap((_, k) => halving(k, rows, columnsFirst ? columns : 1)),
    'if (!inside || row != 0u) { return; }',
  ].filter((line) => line !== '');

  if (stage === 'leave') {
    sums.forEach((_, k) => {
      body.push(`partial[(${k}u * u.parts + part) * u.narrow + column] = sum${k};`);
    });
  } else {
    for (const [k, { op, result }] of sums.entries()) {
      named.set(result.at, `v${result.at}`);
      body.push(`let v${result.at} = sum${k}${op === 'mean' ? ' / f32(u.reduced)' : ''};`);
    }
    narrowInputs.forEach((input) => {
      const has = tiling.narrowHas[part.narrow.indexOf(input)]!;
      named.set(input, `y${input}`);
      body.push(`let y${input} = T(i${input}[${offset(has, names, fields)}]);`);
    });
    const lines = stepLines(narrowSteps, named, operands, inputs, floats);
    if (lines === null) return null;
    body.push(...lines);
    for (const o of written) {
      const { at, narrow } = formula.outputs[o]!;
      if (narrow) body.push(`o${o}[column] = ${named.get(at)};`);
    }
  }
  const tiles = Math.ceil(narrowCount / columns);
  return {
    label: labelOf(formula),
    code: programText({
      lanes: 1,
      operations: [...wideSteps, ...narrowSteps].map((s) => s.op),
      bindings,
      sizes: ['narrow', 'reduced', 'parts', 'share', ...sizes.map((_, k) => `d${k}`)],
      floats,
      shared: `var<workgroup> shares: array<f32, ${INVOCATIONS}>;`,
      body,
    }),
    inputs: bound,
    sizes: [narrowCount, reducedCount, parts, Math.ceil(reducedCount / parts), ...sizes],
    floats,
    workgroups: stage === 'leave' ? tiles * parts : tiles,
  };
}

function loopHead(stage: Stage, rows: number): string[] {
  if (stage === 'whole') return [`  for (var r = row; r < u.reduced; r += ${rows}u) {`];
  if (stage === 'collect') return [`  for (var r = row; r < u.parts; r += ${rows}u) {`];
  return [
    '  let end = min(u.reduced, (part + 1u) * u.share);',
    `  for (var r = part * u.share + row; r < end; r += ${rows}u) {`,
  ];
}

/** The rows of a tile added up: `sum` of row 0 is the whole then. Rows are `stride` invocations apart. */
function halving(k: number, rows: number, stride: number): string[] {
  if (rows === 1) return [];
  return [
    k > 0 ? 'workgroupBarrier();' : '',
    `shares[lane] = sum${k};`,
    'workgroupBarrier();',
    `for (var half = ${rows / 2}u; half > 0u; half /= 2u) {`,
    `  if (row < half) { shares[lane] += shares[lane + half * ${stride}u]; }`,
    '  workgroupBarrier();',
    '}',
    `sum${k} = shares[lane];`,
  ].filter((line) => line !== '');
}
