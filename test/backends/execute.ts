/** The backends on which operations are tried under Node. */
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { tensorflowEntry } from '../../runtimes/node/outcome.ts';

export { type Executed, execute, executeThere } from './graph.ts';

export type BackendName = 'cpu' | 'wasm' | 'tensorflow';

/** The backends of this machine; tfjs-node is an optional package. */
export function backends(): BackendName[] {
  return tensorflowEntry() === null ? ['cpu', 'wasm'] : ['cpu', 'wasm', 'tensorflow'];
}

export const start = chooseBackend;
