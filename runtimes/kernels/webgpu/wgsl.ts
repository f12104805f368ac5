/**
 * The operations of formulas in WGSL, for single numbers and for four at a time. WGSL promises little about NaN,
 * infinity and the precision of its functions, so what training rests on is written out here: NaN comes through (a run
 * that diverged must say so), `tanh` and `softplus` neither overflow nor lose their small values.
 */

/** How many numbers an invocation computes at once. */
export type Lanes = 1 | 4;

/** Functions of `T`, the type of a value; each with those that it calls. */
const FUNCTIONS: Record<string, { calls?: string[]; code: string }> = {
  isnan: {
    code: 'fn g_isnan(x: T) -> B { return (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u); }',
  },
  nan: {
    // Read from a variable: a NaN that the compiler can see is an error in WGSL.
    code: 'var<private> nan_bits: u32 = 0x7fc00000u;\nfn g_nan() -> T { return T(bitcast<f32>(nan_bits)); }',
  },
  maximum: {
    calls: ['isnan'],
    code: 'fn g_maximum(a: T, b: T) -> T { return select(select(max(a, b), b, g_isnan(b)), a, g_isnan(a)); }',
  },
  minimum: {
    calls: ['isnan'],
    code: 'fn g_minimum(a: T, b: T) -> T { return select(select(min(a, b), b, g_isnan(b)), a, g_isnan(a)); }',
  },
  clamp: {
    calls: ['isnan'],
    code: 'fn g_clamp(x: T, lo: T, hi: T) -> T { return select(min(max(x, lo), hi), x, g_isnan(x)); }',
  },
  step: {
    calls: ['isnan'],
    code: 'fn g_step(x: T, low: T) -> T { return select(select(low, T(1.0), x > T(0.0)), x, g_isnan(x)); }',
  },
  sign: {
    calls: ['isnan'],
    code: `fn g_sign(x: T) -> T {
  return select(select(select(T(0.0), T(-1.0), x < T(0.0)), T(1.0), x > T(0.0)), x, g_isnan(x));
}`,
  },
  exp: {
    calls: ['isnan'],
    code: 'fn g_exp(x: T) -> T { return select(exp(x), x, g_isnan(x)); }',
  },
  log: {
    calls: ['nan'],
    code: 'fn g_log(x: T) -> T { return select(g_nan(), log(x), x >= T(0.0)); }',
  },
  sqrt: {
    calls: ['nan'],
    code: 'fn g_sqrt(x: T) -> T { return select(g_nan(), sqrt(x), x >= T(0.0)); }',
  },
  rsqrt: {
    calls: ['nan'],
    code: 'fn g_rsqrt(x: T) -> T { return select(g_nan(), inverseSqrt(x), x >= T(0.0)); }',
  },
  // Near 0 by its series: (1 − e) / (1 + e) has no digits left there.
  tanh: {
    calls: ['exp'],
    code: `fn g_tanh(x: T) -> T {
  let s = x * x;
  let near = x + x * s * (T(-1.0 / 3.0) + s * (T(2.0 / 15.0) + s * (T(-17.0 / 315.0) + s * T(62.0 / 2835.0))));
  let e = g_exp(T(-2.0) * abs(x));
  let far = (T(1.0) - e) / (T(1.0) + e);
  return select(select(far, -far, x < T(0.0)), near, abs(x) < T(0.25));
}`,
  },
  sigmoid: {
    calls: ['exp'],
    code: `fn g_sigmoid(x: T) -> T {
  let e = g_exp(-abs(x));
  return select(T(1.0), e, x < T(0.0)) / (T(1.0) + e);
}`,
  },
  // max(x, 0) + log(1 + exp(−|x|)), the logarithm as 2 artanh(e / (2 + e)): `log` is only so good near 1.
  softplus: {
    calls: ['exp'],
    code: `fn g_softplus(x: T) -> T {
  let e = g_exp(-abs(x));
  let s = e / (T(2.0) + e);
  let q = s * s;
  let odd = T(1.0) + q * (T(1.0 / 3.0) + q * (T(0.2) + q * (T(1.0 / 7.0) + q * (T(1.0 / 9.0)
    + q * (T(1.0 / 11.0) + q * (T(1.0 / 13.0) + q * T(1.0 / 15.0)))))));
  return select(x, T(0.0), x < T(0.0)) + T(2.0) * s * odd;
}`,
  },
  // WGSL's own are only good to 2⁻¹¹. Cephes: the rest of x by quarter turns, taken off in three parts, and two polynomials.
  turned: {
    code: `fn g_turned(x: T, quarters: T) -> T {
  let k = round(x * T(0.63661977236758));
  let r = ((x - k * T(1.5703125)) - k * T(4.837512969970703e-4)) - k * T(7.549789954891882e-8);
  let z = r * r;
  let s = r + r * z * (T(-1.6666654611e-1) + z * (T(8.3321608736e-3) + z * T(-1.9515295891e-4)));
  let c = T(1.0) - T(0.5) * z
    + z * z * (T(4.166664568298827e-2) + z * (T(-1.388731625493765e-3) + z * T(2.443315711809948e-5)));
  let turn = (k + quarters) - T(4.0) * floor((k + quarters) * T(0.25));
  let value = select(s, c, (turn == T(1.0)) | (turn == T(3.0)));
  return select(value, -value, turn >= T(2.0));
}`,
  },
  sin: { calls: ['turned'], code: 'fn g_sin(x: T) -> T { return g_turned(x, T(0.0)); }' },
  cos: { calls: ['turned'], code: 'fn g_cos(x: T) -> T { return g_turned(x, T(1.0)); }' },
  // exp(x) − 1 by tanh(x / 2), which is exact near 0.
  elu: {
    calls: ['tanh'],
    code: `fn g_elu(x: T) -> T {
  let t = g_tanh(T(0.5) * x);
  return select(x, T(2.0) * t / (T(1.0) - t), x < T(0.0));
}`,
  },
};

type Write = (...args: string[]) => string;
const call =
  (name: string): Write =>
  (...args) =>
    `g_${name}(${args.join(', ')})`;
const infix =
  (sign: string): Write =>
  (a, b) =>
    `(${a} ${sign} ${b})`;
const truth =
  (sign: string): Write =>
  (a, b) =>
    `select(T(0.0), T(1.0), ${a} ${sign} ${b})`;

/**
 * Each operation of a formula (and some that only kernels use) as an expression of its operands' names. `!=` of NaN is false
 * on some devices, so only `==` is used.
 */
const OPERATIONS: Record<string, Write> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  maximum: call('maximum'),
  minimum: call('minimum'),
  equal: truth('=='),
  notEqual: (a, b) => `select(T(1.0), T(0.0), ${a} == ${b})`,
  less: truth('<'),
  lessEqual: truth('<='),
  greater: truth('>'),
  greaterEqual: truth('>='),
  and: (a, b) => `select(T(1.0), T(0.0), (${a} == T(0.0)) | (${b} == T(0.0)))`,
  or: (a, b) => `select(T(1.0), T(0.0), (${a} == T(0.0)) & (${b} == T(0.0)))`,
  not: (a) => `select(T(0.0), T(1.0), ${a} == T(0.0))`,
  where: (c, a, b) => `select(${a}, ${b}, ${c} == T(0.0))`,
  neg: (a) => `(-${a})`,
  exp: call('exp'),
  log: call('log'),
  sqrt: call('sqrt'),
  rsqrt: call('rsqrt'),
  square: (a) => `(${a} * ${a})`,
  abs: (a) => `abs(${a})`,
  sign: call('sign'),
  floor: (a) => `floor(${a})`,
  relu: (a) => `select(${a}, T(0.0), ${a} < T(0.0))`,
  leaky_relu: (a, slope) => `select(${a}, ${a} * ${slope}, ${a} < T(0.0))`,
  elu: call('elu'),
  tanh: call('tanh'),
  sigmoid: call('sigmoid'),
  softplus: call('softplus'),
  step: call('step'),
  clamp: call('clamp'),
  sin: call('sin'),
  cos: call('cos'),
};

/** An operation of operands that are names or literals of type `T`; null: it is not known here. */
export function expression(op: string, args: readonly string[]): string | null {
  return OPERATIONS[op]?.(...args) ?? null;
}

/** The types and functions that these operations need. */
export function preamble(lanes: Lanes, operations: Iterable<string>): string {
  const vector = lanes === 4;
  const lines = [
    `alias T = ${vector ? 'vec4<f32>' : 'f32'};`,
    `alias U = ${vector ? 'vec4<u32>' : 'u32'};`,
    `alias B = ${vector ? 'vec4<bool>' : 'bool'};`,
  ];
  const written = new Set<string>();
  const write = (name: string): void => {
    const f = FUNCTIONS[name];
    if (f === undefined || written.has(name)) return;
    written.add(name);
    for (const called of f.calls ?? []) write(called);
    lines.push(f.code);
  };
  for (const op of operations) write(op);
  return lines.join('\n');
}

/** A number as a literal of type `T`; null: WGSL cannot write it (an infinity, NaN, beyond float32). */
export function literal(x: number): string | null {
  const near = Math.fround(x);
  if (!Number.isFinite(near)) return null;
  const text = String(near);
  return `T(${/[.e]/.test(text) ? text : `${text}.0`})`;
}
