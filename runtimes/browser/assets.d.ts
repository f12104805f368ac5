/** Files that are imported as something else than modules: esbuild's loaders, and plugins under vitest. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module '*.css';
