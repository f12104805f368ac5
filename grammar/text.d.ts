/** A `.gan` file imported as its text (the prelude): esbuild's text loader, and a plugin under vitest. */
declare module '*.gan' {
  const text: string;
  export default text;
}
