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
