/**
 * The optimisers: ONE record each, in PyTorch's formulas and defaults (torch.optim, 2.x). The checker reads parameters and
 * ranges, the runtime the update, checkpoints and the summary the slots, the reference the documentation. To add one, add
 * its record to `optimisers`; nothing else knows their names.
 */

/** What a constant argument must satisfy. One that follows the step is not known before the run. */
export interface Range {
  readonly holds: (value: number) => boolean;
  readonly rule: string;
}

export interface OptimiserParameter {
  /** A number (which may follow `step`), a constant boolean, or null for "none". */
  readonly default: number | boolean | null;
  readonly range?: Range;
  readonly doc: string;
}

/** A tensor of the weight's shape that the optimiser keeps. A slot that was never written counts as 0. */
export interface OptimiserSlot {
  readonly name: string;
  /** Kept only while this parameter is not 0. */
  readonly with?: string;
}

/** The parameters of one step, as numbers. `flag` is for those that are boolean. */
export interface Settings {
  readonly number: (parameter: string) => number;
  readonly flag: (parameter: string) => boolean;
}

/** What the state of a weight is before a step. */
export interface Before {
  /** Counts this step: 1 at a weight's first. */
  readonly steps: number;
  /** Whether a slot has been written before. */
  readonly started: (slot: string) => boolean;
}

/** One step: a formula (see formula/fused.ts) that gives `next_w`, and `next_…` of each slot that it writes. */
export interface Update {
  /** Reads the weight `w`, its gradient `g`, `slots` and `numbers` by their names. */
  readonly text: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly slots: readonly string[];
}

export interface OptimiserRecord {
  /** A sentence for the reference, with the paper. */
  readonly doc: string;
  /** In the order of positional arguments. `clip_norm` comes after them for every optimiser. */
  readonly parameters: Readonly<Record<string, OptimiserParameter>>;
  readonly slots: readonly OptimiserSlot[];
  /** What is wrong with constant arguments together: a parameter, its value in words, and the rule that it breaks. */
  readonly refuse?: (
    given: Readonly<Record<string, unknown>>,
  ) => { readonly parameter: string; readonly value: string; readonly rule: string } | null;
  readonly step: (settings: Settings, before: Before) => Update;
}

const atLeastZero: Range = { holds: (v) => v >= 0, rule: '0 or more' };
const aboveZero: Range = { holds: (v) => v > 0, rule: 'above 0' };
const fraction: Range = { holds: (v) => v >= 0 && v < 1, rule: 'at least 0 and below 1' };

const rate = (value: number): OptimiserParameter => ({
  default: value,
  range: atLeastZero,
  doc: 'the learning rate',
});
const epsilonOf = (value: number): OptimiserParameter => ({
  default: value,
  range: atLeastZero,
  doc: 'added to the denominator',
});
const momentumOf = (): OptimiserParameter => ({
  default: 0,
  range: atLeastZero,
  doc: 'the share of the last step that is kept',
});

/** What every optimiser takes besides its own parameters. */
const common: Readonly<Record<string, OptimiserParameter>> = {
  clip_norm: {
    default: null,
    range: aboveZero,
    doc: 'the largest norm of the gradient, over all weights of the update',
  },
};

/** slot ← keep·slot + (1 − keep)·fresh. */
const blend = (slot: string, fresh: string, keep: string, started: boolean) =>
  started
    ? `next_${slot} = ${slot} * ${keep} + ${fresh} * rest_${keep}`
    : `next_${slot} = ${fresh} * rest_${keep}`;
/** The numbers that `blend` names. */
const blending = (keep: string, value: number, started: boolean) =>
  started ? { [keep]: value, [`rest_${keep}`]: 1 - value } : { [`rest_${keep}`]: 1 - value };

const sgd: OptimiserRecord = {
  doc: 'Stochastic gradient descent, with momentum (Polyak 1964) or Nesterov’s (Sutskever et al. 2013).',
  parameters: {
    lr: rate(1e-3),
    momentum: momentumOf(),
    nesterov: { default: false, doc: 'looks ahead along the momentum, which must be above 0' },
  },
  slots: [{ name: 'momentum', with: 'momentum' }],
  refuse: ({ nesterov, momentum }) =>
    nesterov === true && momentum === 0
      ? { parameter: 'nesterov', value: 'true', rule: 'used with a `momentum` above 0' }
      : null,
  step({ number, flag }, { started }) {
    const rate = number('lr');
    const keep = number('momentum');
    if (keep === 0) return { text: 'next_w = w - g * rate', numbers: { rate }, slots: [] };
    const nesterov = flag('nesterov');
    const numbers: Record<string, number> = started('momentum') || nesterov ? { rate, keep } : { rate };
    // The first gradient itself begins the momentum.
    const buffer = started('momentum') ? 'momentum * keep + g' : 'g * 1';
    const direction = nesterov ? '(g + next_momentum * keep)' : 'next_momentum';
    return {
      text: `next_momentum = ${buffer}; next_w = w - ${direction} * rate`,
      numbers,
      slots: ['momentum'].filter(started),
    };
  },
};

const moments = {
  lr: rate(1e-3),
  beta1: { default: 0.9, range: fraction, doc: 'how much of the mean gradient is kept' },
  beta2: { default: 0.999, range: fraction, doc: 'how much of the mean square is kept' },
  epsilon: epsilonOf(1e-8),
};

const adam: OptimiserRecord = {
  doc: 'Adam (Kingma & Ba 2015): steps by the mean gradient over the root of its mean square.',
  parameters: moments,
  slots: [{ name: 'm' }, { name: 'v' }],
  step: ({ number }, { steps, started }) => ({
    text: [
      blend('m', 'g', 'beta1', started('m')),
      blend('v', 'square(g)', 'beta2', started('v')),
      'next_w = w - next_m / (sqrt(next_v) * scale + epsilon) * rate',
    ].join('; '),
    numbers: {
      ...blending('beta1', number('beta1'), started('m')),
      ...blending('beta2', number('beta2'), started('v')),
      scale: 1 / Math.sqrt(1 - number('beta2') ** steps),
      epsilon: number('epsilon'),
      rate: number('lr') / (1 - number('beta1') ** steps),
    },
    slots: ['m', 'v'].filter(started),
  }),
};

const adamw: OptimiserRecord = {
  doc: 'AdamW (Loshchilov & Hutter 2019): Adam whose decay acts on the weight, not through the moments.',
  parameters: {
    ...moments,
    decay: {
      default: 0.01,
      range: atLeastZero,
      doc: 'the share of the weight that a step of rate 1 takes away',
    },
  },
  slots: adam.slots,
  step(settings, before) {
    const { number } = settings;
    const { text, numbers, slots } = adam.step(settings, before);
    return {
      text: text.replace('next_w = w ', 'next_w = w * shrink '),
      numbers: { ...numbers, shrink: 1 - number('lr') * number('decay') },
      slots,
    };
  },
};

const rmsprop: OptimiserRecord = {
  doc: 'RMSProp (Hinton 2012): steps by the gradient over the root of its mean square.',
  parameters: {
    lr: rate(0.01),
    decay: { default: 0.99, range: fraction, doc: 'how much of the mean square is kept' },
    momentum: momentumOf(),
    epsilon: epsilonOf(1e-8),
  },
  slots: [{ name: 'square' }, { name: 'momentum', with: 'momentum' }],
  step({ number }, { started }) {
    const numbers = {
      ...blending('decay', number('decay'), started('square')),
      epsilon: number('epsilon'),
      rate: number('lr'),
    };
    const keep = number('momentum');
    const square = blend('square', 'square(g)', 'decay', started('square'));
    const direction = 'g / (sqrt(next_square) + epsilon)';
    if (keep === 0)
      return {
        text: `${square}; next_w = w - ${direction} * rate`,
        numbers,
        slots: ['square'].filter(started),
      };
    const buffer = started('momentum') ? `momentum * keep + ${direction}` : direction;
    return {
      text: `${square}; next_momentum = ${buffer}; next_w = w - next_momentum * rate`,
      numbers: started('momentum') ? { ...numbers, keep } : numbers,
      slots: ['square', 'momentum'].filter(started),
    };
  },
};

const adagrad: OptimiserRecord = {
  doc: 'AdaGrad (Duchi, Hazan & Singer 2011): steps by the gradient over the root of the sum of its squares.',
  parameters: { lr: rate(0.01), epsilon: epsilonOf(1e-10) },
  slots: [{ name: 'sum' }],
  step: ({ number }, { started }) => ({
    text: `next_sum = ${started('sum') ? 'sum + square(g)' : 'square(g)'}; next_w = w - g / (sqrt(next_sum) + epsilon) * rate`,
    numbers: { rate: number('lr'), epsilon: number('epsilon') },
    slots: ['sum'].filter(started),
  }),
};

export const optimisers = { sgd, adam, adamw, rmsprop, adagrad } satisfies Record<string, OptimiserRecord>;

export type OptimiserName = keyof typeof optimisers;

export function isOptimiser(name: string): name is OptimiserName {
  return Object.hasOwn(optimisers, name);
}

/** In the order of positional arguments, with those that every optimiser takes. */
export function parametersOf(name: OptimiserName): Readonly<Record<string, OptimiserParameter>> {
  return { ...optimisers[name].parameters, ...common };
}
