/** What an operation that is no layer is built with: it may draw, and has no state. */
import type { BuildContext } from './record.ts';

const refuse = (): never => {
  throw new Error('internal: only layers have state');
};

export const noLayer = { stat: refuse, move: refuse, iterate: refuse } satisfies Partial<BuildContext>;
