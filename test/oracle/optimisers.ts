/** PyTorch's optimisers (torch.optim 2.x) in float64, written from its documentation, one number at a time. */
import type { OptimizerSpec } from '../../src/model/model.ts';

export type Hyper = Readonly<Record<string, number | boolean | null>>;

/** What an optimiser remembers of one weight. */
export interface Memory {
  steps: number;
  first?: Float64Array;
  second?: Float64Array;
}

/** New values of a weight; `memory` is changed. */
export function optimised(
  rule: OptimizerSpec['rule'],
  weight: Float64Array,
  gradient: Float64Array,
  memory: Memory,
  hyper: Hyper,
): Float64Array {
  memory.steps += 1;
  const t = memory.steps;
  const n = weight.length;
  const fresh = memory.first === undefined;
  memory.first ??= new Float64Array(n);
  memory.second ??= new Float64Array(n);
  const { first, second } = memory;
  const h = (name: string): number => {
    const value = hyper[name];
    if (typeof value !== 'number') throw new Error(`${rule} has no ${name}`);
    return value;
  };
  const lr = h('lr');
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const g = gradient[i]!;
    let w = weight[i]!;
    switch (rule) {
      case 'sgd': {
        const momentum = h('momentum');
        let direction = g;
        if (momentum !== 0) {
          first[i] = fresh ? g : momentum * first[i]! + g;
          direction = hyper.nesterov === true ? g + momentum * first[i]! : first[i]!;
        }
        w -= lr * direction;
        break;
      }
      case 'adamw':
      case 'adam': {
        if (rule === 'adamw') w -= lr * h('decay') * w;
        const [beta1, beta2] = [h('beta1'), h('beta2')];
        first[i] = beta1 * first[i]! + (1 - beta1) * g;
        second[i] = beta2 * second[i]! + (1 - beta2) * g * g;
        const mean = first[i]! / (1 - beta1 ** t);
        const square = second[i]! / (1 - beta2 ** t);
        w -= (lr * mean) / (Math.sqrt(square) + h('epsilon'));
        break;
      }
      case 'rmsprop': {
        const keep = h('decay');
        second[i] = keep * second[i]! + (1 - keep) * g * g;
        const direction = g / (Math.sqrt(second[i]!) + h('epsilon'));
        const momentum = h('momentum');
        first[i] = momentum * first[i]! + direction;
        w -= lr * (momentum === 0 ? direction : first[i]!);
        break;
      }
      case 'adagrad': {
        second[i] = second[i]! + g * g;
        w -= (lr * g) / (Math.sqrt(second[i]!) + (hyper.epsilon === undefined ? 1e-10 : h('epsilon')));
        break;
      }
    }
    result[i] = w;
  }
  return result;
}

/** torch.nn.utils.clip_grad_norm_: one factor for all of them, at most 1. */
export function clippedToNorm(gradients: readonly Float64Array[], limit: number): Float64Array[] {
  const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.reduce((s, x) => s + x * x, 0), 0));
  const factor = Math.min(1, limit / (norm + 1e-6));
  return gradients.map((g) => g.map((x) => x * factor));
}
