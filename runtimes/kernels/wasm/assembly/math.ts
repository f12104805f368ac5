// Four-lane exp, log, tanh, sigmoid, softplus (after Cephes' single-precision polynomials; errors below 2 ulp in range).

@inline function c(x: f32): v128 { return f32x4.splat(x); }

// pmin and pmax are one instruction each, where min and max are seven; NaN as their first operand stays.

/** e^x for −104 ≤ x ≤ 89, beyond which it is 0 or ∞; NaN stays. */
@inline function exp(x: v128): v128 {
  // Adding 1.5·2^23 rounds to the nearest whole number, and leaves it in the lowest bits.
  const shifted = f32x4.add(f32x4.mul(x, c(1.44269504088896341)), c(12582912));
  const p = expPart(x, f32x4.sub(shifted, c(12582912)));
  // 2^n in two halves, so that n = 128 does not overflow the exponent field.
  const i = i32x4.sub(shifted, i32x4.splat(0x4b400000));
  const h = i32x4.shr_s(i, 1);
  const s1 = i32x4.shl(i32x4.add(h, i32x4.splat(127)), 23);
  const s2 = i32x4.shl(i32x4.add(i32x4.sub(i, h), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(p, s1), s2);
}
/** e^(x − n·ln 2), for a whole number n near x / ln 2. */
@inline function expPart(x: v128, n: v128): v128 {
  let r = f32x4.sub(x, f32x4.mul(n, c(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, c(-2.12194440e-4)));
  let p = c(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), c(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), c(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), c(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), c(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), c(5.0000001201e-1));
  return f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), c(1));
}

@inline export function vexp(x: v128): v128 {
  return exp(f32x4.pmin(f32x4.pmax(x, c(-104)), c(89)));
}

@inline export function vlog(x: v128): v128 {
  const tiny = f32x4.lt(x, c(1.17549435e-38));
  // Subnormals are scaled up by 2^23 first.
  let r = log(v128.bitselect(f32x4.mul(x, c(8388608)), x, tiny), v128.and(tiny, c(23)));
  // log 0 = −∞, log of a negative NaN, log ∞ = ∞, NaN stays.
  r = v128.bitselect(c(-Infinity), r, f32x4.eq(x, c(0)));
  r = v128.bitselect(c(NaN), r, f32x4.lt(x, c(0)));
  const odd = v128.or(f32x4.eq(x, c(Infinity)), f32x4.ne(x, x));
  return v128.bitselect(x, r, odd);
}
/** log(y / 2^less), for a normal number y. */
@inline function log(y: v128, less: v128): v128 {
  let e = i32x4.sub(i32x4.shr_u(y, 23), i32x4.splat(126));
  let m = v128.or(v128.and(y, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000));
  const low = f32x4.lt(m, c(0.70710678118));
  e = i32x4.add(e, low);
  m = f32x4.sub(f32x4.add(m, v128.and(m, low)), c(1));
  const ef = f32x4.sub(f32x4.convert_i32x4_s(e), less);
  const z = f32x4.mul(m, m);
  let p = c(7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, m), c(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, m), c(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, m), c(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, m), c(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, m), c(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, m), c(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, m), c(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, m), c(3.3333331174e-1));
  p = f32x4.mul(f32x4.mul(p, m), z);
  p = f32x4.add(p, f32x4.mul(ef, c(-2.12194440e-4)));
  p = f32x4.sub(p, f32x4.mul(z, c(0.5)));
  return f32x4.add(f32x4.add(m, p), f32x4.mul(ef, c(0.693359375)));
}

@inline export function vtanh(x: v128): v128 {
  const a = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = c(-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), c(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), c(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), c(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), c(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  // From 10 on it is 1 in single precision.
  const y = f32x4.pmin(f32x4.add(a, a), c(20));
  const shifted = f32x4.add(f32x4.mul(y, c(1.44269504088896341)), c(12582912));
  const scale = i32x4.shl(i32x4.add(shifted, i32x4.splat(127 - 0x4b400000)), 23);
  const e = f32x4.mul(expPart(y, f32x4.sub(shifted, c(12582912))), scale);
  let large = f32x4.sub(c(1), f32x4.div(c(2), f32x4.add(e, c(1))));
  large = v128.or(large, v128.and(x, c(-0.0)));
  return v128.bitselect(small, large, f32x4.lt(a, c(0.625)));
}

@inline export function vsigmoid(x: v128): v128 {
  return f32x4.div(c(1), f32x4.add(c(1), vexp(f32x4.neg(x))));
}

/** log(1 + e) for e from 0 to 1; NaN stays. */
@inline function log1p(e: v128): v128 {
  const u = f32x4.add(e, c(1));
  return f32x4.sub(log(u, c(0)), f32x4.div(f32x4.sub(f32x4.sub(u, c(1)), e), u));
}

@inline export function vsoftplus(x: v128): v128 {
  return f32x4.add(f32x4.max(x, c(0)), log1p(exp(f32x4.pmax(f32x4.neg(f32x4.abs(x)), c(-104)))));
}

// Sine and cosine: the argument less a multiple of π/2, by parts of that where it is small, else in double precision, so
// that they are right up to some millions.

/** The nearest multiple of π/2, as whole numbers, of four numbers. */
@inline function quarters(x: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, c(0.63661977236758134))));
}
/** x − n · π/2. */
@inline function without(x: v128, n: v128): v128 {
  if (!v128.any_true(f32x4.ge(f32x4.abs(x), c(4096)))) {
    const f = f32x4.convert_i32x4_s(n);
    return f32x4.sub(f32x4.sub(f32x4.sub(x, f32x4.mul(f, c(1.5703125))), f32x4.mul(f, c(4.8375129699707031e-4))), f32x4.mul(f, c(7.5497899548918821e-8)));
  }
  const low = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.mul(f64x2.convert_low_i32x4_s(n), f64x2.splat(1.5707963267948966)));
  const xh = v128.shuffle<i32>(x, x, 2, 3, 2, 3), nh = v128.shuffle<i32>(n, n, 2, 3, 2, 3);
  const high = f64x2.sub(f64x2.promote_low_f32x4(xh), f64x2.mul(f64x2.convert_low_i32x4_s(nh), f64x2.splat(1.5707963267948966)));
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}
/** sin x for `turn` 0, cos x for 1. */
@inline function wave(x: v128, turn: i32): v128 {
  const n = quarters(x), r = without(x, n), z = f32x4.mul(r, r);
  let s = f32x4.add(f32x4.mul(z, c(-1.9515295891e-4)), c(8.3321608736e-3));
  s = f32x4.add(f32x4.mul(s, z), c(-1.6666654611e-1));
  s = f32x4.add(f32x4.mul(f32x4.mul(s, z), r), r);
  let k = f32x4.add(f32x4.mul(z, c(2.443315711809948e-5)), c(-1.388731625493765e-3));
  k = f32x4.add(f32x4.mul(k, z), c(4.166664568298827e-2));
  k = f32x4.add(f32x4.sub(f32x4.mul(f32x4.mul(k, z), z), f32x4.mul(z, c(0.5))), c(1));
  const q = i32x4.add(n, i32x4.splat(turn));
  const odd = i32x4.ne(v128.and(q, i32x4.splat(1)), i32x4.splat(0));
  const sign = i32x4.shl(v128.and(q, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(k, s, odd), sign);
}
@inline export function vsin(x: v128): v128 { return wave(x, 0); }
@inline export function vcos(x: v128): v128 { return wave(x, 1); }

/** The error function: a polynomial near 0, and 1 − e^(a polynomial) beyond (the approximations are N. Juffa's). */
@inline export function verf(x: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), c(10)), z = f32x4.mul(t, t);
  let r = f32x4.add(f32x4.mul(t, c(-1.72853470e-5)), c(3.83197126e-4));
  r = f32x4.add(f32x4.mul(r, z), f32x4.add(f32x4.mul(t, c(-3.88396438e-3)), c(2.42546219e-2)));
  r = f32x4.add(f32x4.mul(r, t), c(-1.06777877e-1));
  r = f32x4.add(f32x4.mul(r, t), c(-6.34846687e-1));
  r = f32x4.add(f32x4.mul(r, t), c(-1.28717512e-1));
  r = f32x4.sub(f32x4.mul(r, t), t);
  const far = v128.or(f32x4.sub(c(1), vexp(r)), v128.and(x, c(-0.0)));
  let p = f32x4.add(f32x4.mul(z, c(-5.96761703e-4)), c(4.99119423e-3));
  p = f32x4.add(f32x4.mul(p, z), c(-2.67681349e-2));
  p = f32x4.add(f32x4.mul(p, z), c(1.12819925e-1));
  p = f32x4.add(f32x4.mul(p, z), c(-3.76125336e-1));
  p = f32x4.add(f32x4.mul(p, z), c(1.28379166e-1));
  return v128.bitselect(far, f32x4.add(f32x4.mul(p, x), x), f32x4.gt(t, c(0.927734375)));
}

// Powers and remainders in double precision, two numbers at a time: single precision would lose digits of large exponents
// and quotients.

@inline function d(x: f64): v128 { return f64x2.splat(x); }
/** 2^(y · log2 x) for x > 0. */
@inline function power(x: v128, y: v128): v128 {
  // x = m · 2^e, with m between √½ and √2. (Subnormal single-precision numbers are normal here.)
  let e = i64x2.sub(i64x2.shr_u(x, 52), i64x2.splat(1022));
  let m = v128.or(v128.and(x, i64x2.splat(0x000fffffffffffff)), d(0.5));
  const low = f64x2.lt(m, d(0.70710678118654752));
  e = i64x2.add(e, low);
  m = v128.bitselect(f64x2.add(m, m), m, low);
  const s = f64x2.div(f64x2.sub(m, d(1)), f64x2.add(m, d(1))), z = f64x2.mul(s, s);
  let p = f64x2.add(f64x2.mul(z, d(0.09090909090909091)), d(0.1111111111111111));
  p = f64x2.add(f64x2.mul(p, z), d(0.14285714285714285));
  p = f64x2.add(f64x2.mul(p, z), d(0.2));
  p = f64x2.add(f64x2.mul(p, z), d(0.3333333333333333));
  p = f64x2.add(f64x2.mul(p, z), d(1));
  // e is small: its low halves are whole numbers of 32 bits.
  const ef = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(e, e, 0, 2, 0, 2));
  const log2 = f64x2.add(f64x2.mul(f64x2.mul(s, p), d(2.8853900817779268)), ef);
  const t = f64x2.pmin(f64x2.pmax(f64x2.mul(y, log2), d(-200)), d(200));
  const n = f64x2.nearest(t), r = f64x2.mul(f64x2.sub(t, n), d(0.6931471805599453));
  let q = f64x2.add(f64x2.mul(r, d(1.984126984126984e-4)), d(1.388888888888889e-3));
  q = f64x2.add(f64x2.mul(q, r), d(8.333333333333333e-3));
  q = f64x2.add(f64x2.mul(q, r), d(4.1666666666666664e-2));
  q = f64x2.add(f64x2.mul(q, r), d(0.16666666666666666));
  q = f64x2.add(f64x2.mul(q, r), d(0.5));
  q = f64x2.add(f64x2.mul(q, r), d(1));
  q = f64x2.add(f64x2.mul(q, r), d(1));
  const k = i32x4.trunc_sat_f64x2_s_zero(n);
  return f64x2.mul(q, i64x2.shl(i64x2.add(i64x2.extend_low_i32x4_s(k), i64x2.splat(1023)), 52));
}
@inline function halves(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}
@inline function highHalf(x: v128): v128 { return f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)); }

/** x^y, as JavaScript's Math.pow has it. */
export function vpow(x: v128, y: v128): v128 {
  const a = f32x4.abs(x), zero = c(0), one = c(1);
  let r = halves(power(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(y)), power(highHalf(a), highHalf(y)));
  // Positive and finite, as nearly always.
  if (i32x4.all_true(v128.and(v128.and(f32x4.gt(x, zero), f32x4.lt(x, c(Infinity))), f32x4.lt(f32x4.abs(y), c(Infinity))))) return r;
  // Of 0 and ∞ by the exponent's sign.
  const limit = v128.bitselect(v128.bitselect(zero, c(Infinity), f32x4.gt(y, zero)), v128.bitselect(c(Infinity), zero, f32x4.gt(y, zero)), f32x4.eq(a, zero));
  r = v128.bitselect(limit, r, v128.or(f32x4.eq(a, zero), f32x4.eq(a, c(Infinity))));
  // A negative number: its sign by a whole exponent's last bit, else none. Beyond 2^24 all are even.
  const half = f32x4.mul(y, c(0.5)), whole = f32x4.eq(f32x4.floor(y), y), odd = v128.and(whole, f32x4.ne(f32x4.floor(half), half));
  const negative = v128.and(x, c(-0.0));
  r = v128.or(r, v128.and(negative, odd));
  r = v128.bitselect(c(NaN), r, v128.andnot(v128.and(f32x4.lt(x, zero), f32x4.ne(a, c(Infinity))), whole));
  r = v128.bitselect(c(NaN), r, v128.or(f32x4.ne(x, x), f32x4.ne(y, y)));
  // ±1 to an infinite power is NaN in JavaScript, and anything to the 0th is 1.
  r = v128.bitselect(c(NaN), r, v128.and(f32x4.eq(a, one), f32x4.eq(f32x4.abs(y), c(Infinity))));
  return v128.bitselect(one, r, f32x4.eq(y, zero));
}

/** Of quotients that double precision does not hold, and of what is no number. */
function remainder(x: f32, y: f32): f32 {
  const a = <f64>x, b = <f64>y, r = a % b;
  return <f32>((a < 0 && b < 0) || (a >= 0 && b >= 0) ? r : (r + b) % b);
}
@inline function rest(a: v128, b: v128): v128 {
  let r = f64x2.sub(a, f64x2.mul(f64x2.floor(f64x2.div(a, b)), b));
  // The quotient may have been rounded over a whole number.
  r = f64x2.add(r, v128.and(b, f64x2.lt(f64x2.mul(r, b), d(0))));
  return f64x2.sub(r, v128.and(b, f64x2.ge(f64x2.abs(r), f64x2.abs(b))));
}
/** The remainder of a / b with the divisor's sign, as tfjs has it. */
export function vmod(a: v128, b: v128): v128 {
  const small = v128.and(f32x4.lt(f32x4.abs(f32x4.div(a, b)), c(268435456)), f32x4.lt(f32x4.abs(b), c(Infinity)));
  if (!i32x4.all_true(small)) {
    let r = f32x4.splat(remainder(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
    r = f32x4.replace_lane(r, 1, remainder(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
    r = f32x4.replace_lane(r, 2, remainder(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
    return f32x4.replace_lane(r, 3, remainder(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
  }
  return halves(rest(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)), rest(highHalf(a), highHalf(b)));
}
