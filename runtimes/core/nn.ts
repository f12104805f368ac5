/** What lowerings call beside tfjs itself. Every function frees what it made on the way. */
export * from './elementwise.ts';
