/**
 * What a launch is given, and how its program reads it: four numbers of an operand at a texel of the result, broadcast where
 * the operand is smaller. A program is made for a kind of reading (same place, one row for all, …); sizes are uniforms.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import {
  type Blocks,
  blocksOf,
  Operand,
  sameBlocks,
  sizeOf,
  type Texture,
  type WebGLBackend,
} from './backend.ts';

/** The shape over whose texels a program goes. In the program: texel `T`, place `P`, and its `b`, `rb`, `cb`. */
export interface Space {
  shape: readonly number[];
  blocks: Blocks;
  /** Width of the textures whose texels are at P; 0: no texture's. */
  width: number;
  /** Where its sizes are among the whole numbers. */
  at: number;
}
/** The sizes in their order from `Space.at`. */
const SIZES = { width: 0, columnPairs: 1, rowPairs: 2, columns: 3, rows: 4 };

/** Reads one operand: `text` is a vec4, `functions` what it calls. Both are asked for only where a program is made. */
export interface Read {
  place: number;
  text: () => string;
  functions: () => string;
}

export class Arguments {
  readonly ints: number[] = [];
  readonly floats: number[] = [];
  readonly textures: Texture[] = [];
  /** Tells kinds of programs from each other. */
  kind = '';
  private readonly operands: Operand[] = [];

  constructor(private readonly backend: WebGLBackend) {}

  /** A whole number for the program: gives its name there. */
  int(n: number): string {
    this.ints.push(n);
    return `I[${this.ints.length - 1}]`;
  }

  space(shape: readonly number[], width: number): Space {
    const blocks = blocksOf(shape);
    const at = this.ints.length;
    this.ints.push(width, blocks.columnPairs, blocks.rowPairs, blocks.columns, blocks.rows);
    const space = { shape, blocks, width, at };
    this.kind += `${oddness(blocks)}${isPlain(space) ? 'P;' : ';'}`;
    return space;
  }

  texture(x: Texture): string {
    this.textures.push(x);
    return `in${this.textures.length - 1}`;
  }

  /** The tensor in a packed texture, until `done`. */
  operand(x: TensorInfo): Operand {
    const operand = new Operand(this.backend, x);
    this.operands.push(operand);
    return operand;
  }

  read(space: Space, place: number, x: TensorInfo | number): Read {
    if (typeof x === 'number') {
      this.floats.push(x);
      this.kind += 'n';
      return reading(place, `vec4(F[${this.floats.length - 1}])`);
    }
    const operand = this.operand(x);
    const name = this.texture(operand);
    const numbers = sizeOf(x.shape);
    if (numbers === 1) {
      this.kind += '1';
      return reading(place, `texelFetch(${name}, ivec2(0), 0).xxxx`);
    }
    if (space.blocks.count === blocksOf(x.shape).count && sameBlocks(x.shape, space.shape)) {
      if (operand.width === space.width) {
        this.kind += 'p';
        return reading(place, `texelFetch(${name}, P, 0)`);
      }
      this.kind += 't';
      return reading(place, fetch(name, 'T', this.int(operand.width)));
    }
    if (numbers === space.blocks.columns && x.shape.at(-1) === numbers) {
      if (operand.height === 1) {
        this.kind += 'l';
        return reading(place, `texelFetch(${name}, ivec2(cb, 0), 0).xyxy`);
      }
      this.kind += 'r';
      return reading(place, `${fetch(name, 'cb', this.int(operand.width))}.xyxy`);
    }
    if (isSuffix(x.shape, space.shape)) {
      this.kind += 's';
      const [count, width] = [this.int(blocksOf(x.shape).count), this.int(operand.width)];
      return reading(place, fetch(name, `T % ${count}`, width));
    }
    return this.general(space, place, name, operand);
  }

  /** Any broadcast: each of the four numbers by its own place. */
  private general(space: Space, place: number, name: string, operand: Operand): Read {
    const groups = axisGroups(operand.shape, space.shape);
    const own = blocksOf(operand.shape);
    const at = this.ints.length;
    this.ints.push(operand.width, own.columnPairs, own.rowPairs, own.columns, own.rows);
    for (const { size, stride } of groups) this.ints.push(size, stride);
    this.kind += `g${groups.length}`;
    const [width, columnPairs, rowPairs, columns, rows] = [0, 1, 2, 3, 4].map((k) => `I[${at + k}]`);
    const steps = groups.map(
      (_, g) =>
        `  index += (place % I[${at + 5 + 2 * g}]) * I[${at + 6 + 2 * g}]; place /= I[${at + 5 + 2 * g}];`,
    );
    const functions = () => `float one_${name}(int place) {
  int index = 0;
${steps.join('\n')}
  int c = index % ${columns}; index /= ${columns};
  int r = index % ${rows};
  int texel = ((index / ${rows}) * ${rowPairs} + r / 2) * ${columnPairs} + c / 2;
  vec4 four = ${fetch(name, 'texel', width!)};
  vec2 two = (r & 1) == 0 ? four.xy : four.zw;
  return (c & 1) == 0 ? two.x : two.y;
}
vec4 four_${name}(int b, int rb, int cb) {
  int place = (b * ${size(space, 'rows')} + 2 * rb) * ${size(space, 'columns')} + 2 * cb;
  int below = place + ${size(space, 'columns')};
  return vec4(one_${name}(place), one_${name}(place + 1), one_${name}(below), one_${name}(below + 1));
}`;
    return { place, text: () => `four_${name}(b, rb, cb)`, functions };
  }

  /** To be called when the launches have been made. */
  done(): void {
    for (const operand of this.operands) operand.done();
  }
}

const reading = (place: number, text: string): Read => ({ place, text: () => text, functions: () => '' });

/** The texel with a number, in a texture of this width. */
export const fetch = (texture: string, texel: string, width: string) =>
  `texelFetch(${texture}, ivec2((${texel}) % ${width}, (${texel}) / ${width}), 0)`;

export const size = ({ at }: Space, which: keyof typeof SIZES) => `I[${at + SIZES[which]}]`;

/** Statements that find the block of texel T, which is at P where textures are as wide as the shape. */
export const blockOf = (space: Space, indent: string) =>
  [
    `int cb = ${isPlain(space) ? 'P.x' : `T % ${size(space, 'columnPairs')}`};`,
    `int q = ${isPlain(space) ? 'P.y' : `T / ${size(space, 'columnPairs')}`};`,
    `int rb = q % ${size(space, 'rowPairs')};`,
    `int b = q / ${size(space, 'rowPairs')};`,
  ]
    .map((line) => `${indent}${line}`)
    .join('\n');

/** Without a division, of which devices have no fast one. */
const isPlain = ({ width, blocks }: Space) => width === blocks.columnPairs;

const oddness = ({ rows, columns }: Blocks) => `${rows % 2 === 1 ? 'R' : ''}${columns % 2 === 1 ? 'C' : ''}`;

/** Which of the four numbers of a block are numbers of the tensor; null: all, always. */
export function realLanes(space: Space): string | null {
  const { rows, columns } = space.blocks;
  if (rows % 2 === 0 && columns % 2 === 0) return null;
  const right = columns % 2 === 0 ? 'true' : `2 * cb + 1 < ${size(space, 'columns')}`;
  const below = rows % 2 === 0 ? 'true' : `2 * rb + 1 < ${size(space, 'rows')}`;
  return `bvec4(true, ${right}, ${below}, (${right}) && (${below}))`;
}

export const declarations = (reads: readonly Read[], indent: string) =>
  reads.map(({ place, text }) => `${indent}vec4 v${place} = ${text()};`).join('\n');

export const functionsFor = (reads: readonly Read[]) => reads.map(({ functions }) => functions()).join('\n');

/** The same for each of the batch: rows and columns are the whole's, and so are all axes that it has. */
function isSuffix(shape: readonly number[], whole: readonly number[]): boolean {
  const own = shape.slice(shape.findIndex((n) => n !== 1));
  return own.length >= 2 && own.every((n, i) => n === whole.at(i - own.length));
}

/** Axes from the last to the first, with the operand's stride (0 where it is repeated); neighbours alike are one. */
function axisGroups(shape: readonly number[], whole: readonly number[]): { size: number; stride: number }[] {
  const groups: { size: number; stride: number; kept: boolean }[] = [];
  let stride = 1;
  for (let i = 1; i <= whole.length; i++) {
    const n = whole.at(-i)!;
    if (n === 1) continue;
    const kept = (shape.at(-i) ?? 1) === n && i <= shape.length;
    const last = groups.at(-1);
    if (last !== undefined && last.kept === kept) last.size *= n;
    else groups.push({ size: n, stride: kept ? stride : 0, kept });
    if (kept) stride *= n;
  }
  return groups;
}
