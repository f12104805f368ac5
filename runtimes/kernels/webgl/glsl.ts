/**
 * Steps of formulas as GLSL on four numbers at once. What drivers may do as they like is written out: NaN goes through, large
 * arguments neither overflow nor lose their digits.
 */
import type { Formula, Place, Step } from '../../core/formula/fused.ts';

/** x where the condition does not hold, else y. `mix` by truth values never lets the other side through. */
const select = (x: string, y: string, condition: string) => `mix(${x}, ${y}, ${condition})`;

interface Operation {
  glsl: (...x: string[]) => string;
  /** A function that it calls, by name. */
  calls?: keyof typeof FUNCTIONS;
}

const FUNCTIONS = {
  // exp of something never positive: nothing overflows. Near 0 the quotient loses digits, and the series has them.
  stable_tanh: `vec4 stable_tanh(vec4 x) {
  vec4 e = exp(-2.0 * abs(x));
  vec4 s = x * x;
  vec4 series = x * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0))));
  return mix(sign(x) * (1.0 - e) / (1.0 + e), series, lessThan(s, vec4(0.03)));
}`,
  stable_sigmoid: `vec4 stable_sigmoid(vec4 x) {
  vec4 e = exp(-abs(x));
  return mix(vec4(1.0), e, lessThan(x, vec4(0.0))) / (1.0 + e);
}`,
  // max(x, 0) + log(1 + exp(-|x|)); the logarithm of nearly 1 by its series.
  stable_softplus: `vec4 stable_softplus(vec4 x) {
  vec4 e = exp(-abs(x));
  vec4 series = e * (1.0 - e * (0.5 - e * (1.0 / 3.0 - e * 0.25)));
  return mix(x, vec4(0.0), lessThan(x, vec4(0.0))) + mix(log(1.0 + e), series, lessThan(e, vec4(0.03)));
}`,
  stable_elu: `vec4 stable_elu(vec4 x) {
  vec4 series = x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0)))));
  vec4 below = mix(exp(x) - 1.0, series, greaterThan(x, vec4(-0.1)));
  return mix(x, below, lessThan(x, vec4(0.0)));
}`,
  // The logarithm of 0 and of less is undefined in GLSL.
  whole_log: `vec4 whole_log(vec4 x) {
  vec4 y = mix(log(x), vec4(uintBitsToFloat(0xff800000u)), equal(x, vec4(0.0)));
  return mix(y, vec4(uintBitsToFloat(0x7fc00000u)), lessThan(x, vec4(0.0)));
}`,
  whole_sqrt: `vec4 whole_sqrt(vec4 x) {
  return mix(sqrt(x), vec4(uintBitsToFloat(0x7fc00000u)), lessThan(x, vec4(0.0)));
}`,
  // Drivers may be off by 2^-11. Less whole quarters of a turn (in three parts), then series of half a quarter.
  precise_sin: `vec4 precise_sin(vec4 x, float quarter) {
  vec4 n = floor(x * 0.636619772 + 0.5);
  vec4 r = ((x - n * 1.5703125) - n * 4.837512969970703e-4) - n * 7.549789948768648e-8;
  vec4 s = r * r;
  vec4 sine = r * (1.0 - s * (1.0 / 6.0 - s * (1.0 / 120.0 - s * (1.0 / 5040.0 - s / 362880.0))));
  vec4 cosine = 1.0 - s * (0.5 - s * (1.0 / 24.0 - s * (1.0 / 720.0 - s * (1.0 / 40320.0 - s / 3628800.0))));
  vec4 turn = n + quarter - 4.0 * floor((n + quarter) * 0.25);
  vec4 y = mix(sine, cosine, equal(mod(turn, 2.0), vec4(1.0)));
  return mix(y, -y, greaterThan(turn, vec4(1.5)));
}`,
} as const;

const truth = (x: string) => `notEqual(${x}, vec4(0.0))`;
const compared = (f: string) => (a?: string, b?: string) => `vec4(${f}(${a}, ${b}))`;
const simple = (glsl: Operation['glsl'], calls?: Operation['calls']): Operation =>
  calls === undefined ? { glsl } : { glsl, calls };

const OPERATIONS: Record<string, Operation> = {
  add: simple((a, b) => `${a} + ${b}`),
  sub: simple((a, b) => `${a} - ${b}`),
  mul: simple((a, b) => `${a} * ${b}`),
  div: simple((a, b) => `${a} / ${b}`),
  maximum: simple((a, b) => select(select(b!, a!, `greaterThan(${a}, ${b})`), a!, `isnan(${a})`)),
  minimum: simple((a, b) => select(select(b!, a!, `lessThan(${a}, ${b})`), a!, `isnan(${a})`)),
  equal: simple(compared('equal')),
  notEqual: simple(compared('notEqual')),
  less: simple(compared('lessThan')),
  lessEqual: simple(compared('lessThanEqual')),
  greater: simple(compared('greaterThan')),
  greaterEqual: simple(compared('greaterThanEqual')),
  and: simple((a, b) => `vec4(${truth(a!)}) * vec4(${truth(b!)})`),
  or: simple((a, b) => `max(vec4(${truth(a!)}), vec4(${truth(b!)}))`),
  not: simple((a) => `vec4(equal(${a}, vec4(0.0)))`),
  where: simple((condition, a, b) => select(b!, a!, truth(condition!))),
  neg: simple((a) => `-${a}`),
  exp: simple((a) => `exp(${a})`),
  log: simple((a) => `whole_log(${a})`, 'whole_log'),
  sqrt: simple((a) => `whole_sqrt(${a})`, 'whole_sqrt'),
  // inversesqrt may be an approximation.
  rsqrt: simple((a) => `1.0 / whole_sqrt(${a})`, 'whole_sqrt'),
  square: simple((a) => `${a} * ${a}`),
  abs: simple((a) => `abs(${a})`),
  sign: simple((a) => `sign(${a})`),
  floor: simple((a) => `floor(${a})`),
  relu: simple((a) => select(a!, 'vec4(0.0)', `lessThan(${a}, vec4(0.0))`)),
  leaky_relu: simple((a, slope) => select(a!, `${a} * ${slope}`, `lessThan(${a}, vec4(0.0))`)),
  elu: simple((a) => `stable_elu(${a})`, 'stable_elu'),
  tanh: simple((a) => `stable_tanh(${a})`, 'stable_tanh'),
  sigmoid: simple((a) => `stable_sigmoid(${a})`, 'stable_sigmoid'),
  softplus: simple((a) => `stable_softplus(${a})`, 'stable_softplus'),
  // Not of formulas: tfjs's kernels of these names.
  sin: simple((a) => `precise_sin(${a}, 0.0)`, 'precise_sin'),
  cos: simple((a) => `precise_sin(${a}, 1.0)`, 'precise_sin'),
  step: simple((a, low) =>
    select(select(low!, 'vec4(1.0)', `greaterThan(${a}, vec4(0.0))`), a!, `isnan(${a})`),
  ),
  clamp: simple((a, low, high) =>
    select(select(a!, low!, `lessThan(${a}, ${low})`), high!, `greaterThan(${a}, ${high})`),
  ),
};

/** The functions that these steps call. */
export function functionsOf(steps: readonly Step[]): string {
  const names = new Set(steps.flatMap(({ op }) => OPERATIONS[op]?.calls ?? []));
  return [...names].map((name) => FUNCTIONS[name]).join('\n');
}

/**
 * Statements for the steps. The value of place k is the variable v<k>, which inputs have already; a number of a
 * formula's own is written into the text.
 */
export function statements(steps: readonly Step[], indent = '  '): string {
  return steps
    .map(({ op, args, result }) => {
      const operation = OPERATIONS[op];
      if (operation === undefined) throw new Error(`No GLSL for ${op}`);
      return `${indent}vec4 v${result.at} = ${operation.glsl(...args.map(valueText))};`;
    })
    .join('\n');
}

export const valueText = (x: Place | number): string =>
  typeof x === 'number' ? `vec4(${numberText(x)})` : `v${x.at}`;

function numberText(x: number): string {
  const text = String(Math.fround(x));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The steps that these places need, in their order, and the inputs that they read. Reductions are not gone behind. */
export function neededFor(f: Formula, places: readonly number[]): { steps: Step[]; inputs: number[] } {
  const wanted = new Set(places);
  const steps: Step[] = [];
  for (const step of [...f.steps].reverse()) {
    if (!wanted.has(step.result.at) || step.op === 'sum' || step.op === 'mean') continue;
    steps.unshift(step);
    for (const a of step.args) if (typeof a !== 'number') wanted.add(a.at);
  }
  return { steps, inputs: [...wanted].filter((at) => at < f.inputs.length).sort((a, b) => a - b) };
}
