/** What the emitted module's file is called: as the model, unless a file of the runtime is called so. */
import type { Model } from '../check/model.ts';

/** Of either target's folder, so that a model has one name on both. */
const TAKEN = new Set(['tfjs', 'runtime', 'runtime.webgpu', 'page', 'thread', 'webgl', 'webgpu']);

export function moduleFile({ name }: Pick<Model, 'name'>): string {
  return TAKEN.has(name) ? `${name}-model.js` : `${name}.js`;
}
