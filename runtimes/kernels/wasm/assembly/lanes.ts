// What kernels whose vectors run over channels have in common.

@inline export function min(a: i32, b: i32): i32 { return a < b ? a : b; }
@inline export function max(a: i32, b: i32): i32 { return a > b ? a : b; }
/** a / b, rounded up; of negative numbers 0. */
@inline export function up(a: i32, b: i32): i32 { return a <= 0 ? 0 : (a + b - 1) / b; }

/** The first n of a vector's four numbers. */
@inline export function putSome(to: usize, v: v128, n: i32): void {
  if (n >= 4) { v128.store(to, v); return; }
  store<f32>(to, f32x4.extract_lane(v, 0));
  if (n > 1) store<f32>(to, f32x4.extract_lane(v, 1), 4);
  if (n > 2) store<f32>(to, f32x4.extract_lane(v, 2), 8);
}
