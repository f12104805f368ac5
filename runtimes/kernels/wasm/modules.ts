/** The kernels' builds, and which of them this machine can run. */
import relaxedShared from './built/relaxed-shared.wasm';
import relaxedSingle from './built/relaxed-single.wasm';
import simdShared from './built/simd-shared.wasm';
import simdSingle from './built/simd-single.wasm';

export interface Build {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Its memory is shared, so several threads can work on it. */
  shared: boolean;
  /** It uses the fused multiply-add of relaxed SIMD. */
  relaxed: boolean;
}

export const builds: readonly Build[] = [
  { name: 'relaxed-shared', bytes: relaxedShared, shared: true, relaxed: true },
  { name: 'simd-shared', bytes: simdShared, shared: true, relaxed: false },
  { name: 'relaxed-single', bytes: relaxedSingle, shared: false, relaxed: true },
  { name: 'simd-single', bytes: simdSingle, shared: false, relaxed: false },
];

/** The first that validates here; `undefined` where WebAssembly has no SIMD. */
export function bestBuild(wantShared: boolean): Build | undefined {
  return builds.find((b) => b.shared === wantShared && WebAssembly.validate(b.bytes));
}
