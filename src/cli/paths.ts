/** Where the pieces lie that come along with the command; it runs from dist/. */
import { fileURLToPath } from 'node:url';

/** The trainer's runtime, vendored into compiled folders and loaded by `ganc train`. */
export const runtimeUrl = new URL('./runtime.node.js', import.meta.url);
export const runtimeFile = fileURLToPath(runtimeUrl);

/** The data sets that come along. */
export const dataFolder = fileURLToPath(new URL('../models/data/', import.meta.url));
