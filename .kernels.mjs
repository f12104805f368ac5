// Builds the wasm kernels from AssemblyScript: plain SIMD and relaxed SIMD (fused multiply-add), each for one thread and
// for shared memory. The runtime takes what the machine can run.
import { mkdir } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

const entry = 'runtimes/kernels/wasm/assembly/index.ts';

export async function buildKernels(folder) {
  await mkdir(folder, { recursive: true });
  for (const shared of [false, true]) {
    for (const relaxed of [false, true]) {
      const name = `${relaxed ? 'relaxed' : 'simd'}-${shared ? 'shared' : 'single'}.wasm`;
      const flags = [
        '-O3',
        '--noAssert',
        '--runtime',
        'stub',
        '--importMemory',
        '--initialMemory',
        '1',
        '--maximumMemory',
        '65536',
      ];
      if (shared) flags.push('--sharedMemory', '--enable', 'threads');
      else flags.push('--disable', 'threads');
      if (relaxed) flags.push('--enable', 'relaxed-simd');
      const { error, stderr } = await asc.main([
        entry,
        '--enable',
        'simd',
        ...flags,
        '-o',
        `${folder}/${name}`,
      ]);
      if (error) throw new Error(`${name}: ${error.message}\n${stderr}`);
    }
  }
}
