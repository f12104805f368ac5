// Larger pictures [images, h, w, channels] by whole factors: pixels repeated, or interpolated between pixel centres, and the
// transpose of that. Vectors run over channels.
import { max, min, putSome } from './lanes';
import { take } from './share';

/** Floats of large rows that are added up at a time. */
const NEAR: i32 = 65536;

// The words of the job, see `resize`.
let x: usize, out: usize, images: i32, h: i32, w: i32, c: i32, fh: i32, fw: i32;

/** A piece is a row of the small picture. */
function nearest(): void {
  const pixel = <usize>c << 2, line = <usize>(w * fw) * pixel;
  for (let piece = take(); piece < images * h; piece = take()) {
    let from = x + <usize>(piece * w) * pixel;
    const first = out + <usize>(piece * fh) * line;
    let to = first;
    for (let j = 0; j < w; j++) {
      for (let s = 0; s < fw; s++) {
        let k = 0;
        for (; k + 4 <= c; k += 4) v128.store(to + (<usize>k << 2), v128.load(from + (<usize>k << 2)));
        for (; k < c; k++) store<f32>(to + (<usize>k << 2), load<f32>(from + (<usize>k << 2)));
        to += pixel;
      }
      from += pixel;
    }
    for (let r = 1; r < fh; r++) { memory.copy(to, first, line); to += line; }
  }
}

/** Where large place i lies between small ones: the lower one, which may be −1, and how far it is to the next. */
@inline function lower(i: i32, factor: i32): i32 { return (2 * i + 1 - factor < 0) ? -1 : (2 * i + 1 - factor) / (2 * factor); }
@inline function beyond(i: i32, factor: i32, low: i32): f32 { return <f32>((<f64>i + 0.5) / <f64>factor - 0.5 - <f64>low); }

/** A piece is a row of the large picture. */
function bilinear(): void {
  const pixel = <usize>c << 2, line = <usize>w * pixel, all = w * fw;
  for (let piece = take(); piece < images * h * fh; piece = take()) {
    const image = piece / (h * fh), y = piece - image * h * fh, low = lower(y, fh);
    const down = f32x4.splat(beyond(y, fh, low));
    const upper = x + <usize>(image * h + max(0, low)) * line, under = x + <usize>(image * h + min(h - 1, low + 1)) * line;
    let to = out + <usize>(piece * all) * pixel;
    // Large columns go by `fw`: the place between the small ones moves on at the middle of each block.
    for (let j = 0; j < all; j++) {
      const left = lower(j, fw), across = f32x4.splat(beyond(j, fw, left));
      let p = <usize>max(0, left) * pixel, q = <usize>min(w - 1, left + 1) * pixel;
      for (let k = 0; k < c; k += 4) {
        const a = v128.load(upper + p), b = v128.load(upper + q), d = v128.load(under + p), e = v128.load(under + q);
        const top = f32x4.add(a, f32x4.mul(f32x4.sub(b, a), across)), bottom = f32x4.add(d, f32x4.mul(f32x4.sub(e, d), across));
        putSome(to + (<usize>k << 2), f32x4.add(top, f32x4.mul(f32x4.sub(bottom, top), down)), c - k);
        p += 16; q += 16;
      }
      to += pixel;
    }
  }
}

/** The share of small place i that large place j has. */
function share(j: i32, i: i32, n: i32, factor: i32): f32 {
  const low = lower(j, factor), far = beyond(j, factor, low);
  let s: f32 = 0;
  if (max(0, low) == i) s += 1 - far;
  if (min(n - 1, low + 1) == i) s += far;
  return s;
}

/**
 * The transpose of `bilinear`; `x` is the large picture. A piece is a row of the small one: the large rows that it has a share
 * of are added up in work space, then their columns.
 */
function bilinearGradient(work: usize): void {
  const pixel = <usize>c << 2, all = w * fw, shares = work;
  const strip = max(1, NEAR / (c * fw) - 2);
  // Where three blocks have no room, all shares are added up at once.
  const direct = 3 * fw * c > NEAR;
  // Shares of a column that is not at the border, from the first large one that has some.
  if (!direct) for (let t = 0; t < 3 * fw; t++) store<f32>(shares + (<usize>t << 2), share(fw + t, 2, 5, fw));
  work += <usize>((3 * fw + 3) & ~3) << 2;
  for (let piece = take(); piece < images * h; piece = take()) {
    const image = piece / h, i = piece - image * h;
    if (direct) { bilinearGradientRow(image, i); continue; }
    for (let j0 = 0; j0 < w; j0 += strip) {
      const j1 = min(w, j0 + strip), first = max(0, (j0 - 1) * fw), last = min(all, (j1 + 1) * fw), n = (last - first) * c;
      memory.fill(work, 0, <usize>(n + 3) << 2);
      for (let y = max(0, (i - 1) * fh), end = min(h * fh, (i + 2) * fh); y < end; y++) {
        const s = share(y, i, h, fh), v = f32x4.splat(s);
        if (s == 0) continue;
        let from = x + <usize>((image * h * fh + y) * all + first) * pixel, to = work;
        for (let k = 0; k < n; k += 4) {
          v128.store(to, f32x4.add(v128.load(to), f32x4.mul(v128.load(from), v)));
          from += 16; to += 16;
        }
      }
      for (let j = j0; j < j1; j++) {
        const from = max(0, (j - 1) * fw), end = min(all, (j + 2) * fw), border = j == 0 || j == w - 1;
        const to = out + <usize>(piece * w + j) * pixel;
        for (let k = 0; k < c; k += 4) {
          let sum = f32x4.splat(0), p = work + <usize>(from - first) * pixel + (<usize>k << 2);
          for (let t = from; t < end; t++) {
            const s = border ? f32x4.splat(share(t, j, w, fw)) : v128.load32_splat(shares + (<usize>(t - from) << 2));
            sum = f32x4.add(sum, f32x4.mul(v128.load(p), s));
            p += pixel;
          }
          putSome(to + (<usize>k << 2), sum, c - k);
        }
      }
    }
  }
}

function bilinearGradientRow(image: i32, i: i32): void {
  const pixel = <usize>c << 2, all = w * fw, y1 = min(h * fh, (i + 2) * fh);
  for (let j = 0; j < w; j++) {
    const to = out + <usize>((image * h + i) * w + j) * pixel, t1 = min(all, (j + 2) * fw);
    memory.fill(to, 0, pixel);
    for (let y = max(0, (i - 1) * fh); y < y1; y++) for (let t = max(0, (j - 1) * fw); t < t1; t++) {
      const s = share(y, i, h, fh) * share(t, j, w, fw), from = x + <usize>((image * h * fh + y) * all + t) * pixel;
      if (s == 0) continue;
      for (let k = 0; k < c; k += 4) {
        const at = <usize>k << 2;
        putSome(to + at, f32x4.add(v128.load(to + at), f32x4.mul(v128.load(from + at), f32x4.splat(s))), c - k);
      }
    }
  }
}

/** Words: kind (0 nearest · 1 bilinear · 2 its transpose), x (the large one for 2), the result, images, small height, small width, channels, both factors. */
export function resize(p: usize, work: usize): void {
  x = <usize>load<u32>(p, 4); out = <usize>load<u32>(p, 8);
  images = load<i32>(p, 12); h = load<i32>(p, 16); w = load<i32>(p, 20); c = load<i32>(p, 24); fh = load<i32>(p, 28); fw = load<i32>(p, 32);
  const kind = load<i32>(p);
  if (kind == 0) nearest();
  else if (kind == 1) bilinear();
  else bilinearGradient(work);
}
