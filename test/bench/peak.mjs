// Programs that measure what a core can do at most in 128-bit SIMD: tiles of a matrix product whose operands stay in the
// first-level cache, in several shapes, with multiply and add or with relaxed SIMD's fused multiply-add.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

/** Rows and vectors (of 4 columns) of a tile: as many accumulators as leave registers for operands, more or less. */
const tiles = [
  [4, 2],
  [5, 2],
  [6, 2],
  [4, 3],
  [3, 3],
];

export async function buildPeaks(folder) {
  await mkdir(folder, { recursive: true });
  const built = [];
  for (const relaxed of [false, true]) {
    for (const [rows, vectors] of tiles) {
      const file = path.join(folder, `${relaxed ? 'relaxed' : 'simd'}-${rows}x${vectors * 4}.wasm`);
      const { error, binary, stderr } = await asc.compileString(source(rows, vectors, relaxed), {
        optimizeLevel: 3,
        noAssert: true,
        runtime: 'stub',
        initialMemory: 2,
        enable: ['simd', ...(relaxed ? ['relaxed-simd'] : [])],
      });
      if (error) throw new Error(`${file}: ${error.message}\n${stderr}`);
      await writeFile(file, binary);
      built.push(file);
    }
  }
  return built;
}

/** `run(times)`: so many times 256 steps of a tile; `flops()` of one time. */
function source(rows, vectors, relaxed) {
  const each = (f) =>
    Array.from({ length: rows }, (_, r) => Array.from({ length: vectors }, (_, v) => f(r, v)).join('\n')).join('\n');
  const madd = (a, b, c) => (relaxed ? `f32x4.relaxed_madd(${a}, ${b}, ${c})` : `f32x4.add(${c}, f32x4.mul(${a}, ${b}))`);
  return `
export function flops(): f64 { return ${2 * 256 * rows * vectors * 4}; }
export function run(times: i32): f32 {
  const a: usize = 1024, b: usize = 65536;
  ${each((r, v) => `let s${r}_${v} = f32x4.splat(0);`)}
  for (let t = 0; t < times; t++) {
    let p = a, q = b;
    for (let k = 0; k < 256; k++) {
      ${Array.from({ length: vectors }, (_, v) => `const b${v} = v128.load(q, ${16 * v});`).join('\n')}
      let x: v128;
      ${Array.from({ length: rows }, (_, r) =>
        [
          `x = v128.load32_splat(p, ${4 * r});`,
          ...Array.from({ length: vectors }, (_, v) => `s${r}_${v} = ${madd('x', `b${v}`, `s${r}_${v}`)};`),
        ].join('\n'),
      ).join('\n')}
      p += ${4 * rows};
      q += ${16 * vectors};
    }
  }
  let sum = f32x4.splat(0);
  ${each((r, v) => `sum = f32x4.add(sum, s${r}_${v});`)}
  return f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3);
}`;
}
