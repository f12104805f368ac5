// Depthwise convolutions, y[position][c] = Σ x[place][c] · k[tap][c], and both of their gradients: vectors run over channels.
import { min, putSome, up } from './lanes';
import { madd } from './micro';
import { take } from './share';
import { gC, gCols, geometry, gH, gOX, gOY, gRows, gRX, gRY, gSX, gSY, gTX, gW } from './windows';

// The words of the job, see `depthwise`.
let x: usize, other: usize, out: usize, images: i32, tapsY: i32, parts: i32;

/** A piece is a row of positions of an image. */
function forward(): void {
  const pixel = <usize>gC << 2, tapsX = gTX;
  for (let piece = take(); piece < images * gRows; piece = take()) {
    const image = piece / gRows, y = piece - image * gRows, top = y * gSY + gOY;
    const r0 = up(-top, gRY), r1 = min(tapsY, up(gH - top, gRY));
    let to = out + <usize>(piece * gCols) * pixel;
    for (let q = 0; q < gCols; q++) {
      const left = q * gSX + gOX;
      const s0 = up(-left, gRX), s1 = min(tapsX, up(gW - left, gRX));
      const step = <usize>gRX * pixel;
      let c = 0;
      for (; c + 16 <= gC; c += 16) {
        let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
        for (let r = r0; r < r1; r++) {
          let p = x + <usize>((image * gH + top + r * gRY) * gW + left + s0 * gRX) * pixel + (<usize>c << 2);
          let k = other + <usize>(r * tapsX + s0) * pixel + (<usize>c << 2);
          for (let s = s0; s < s1; s++) {
            a0 = madd(v128.load(p), v128.load(k), a0); a1 = madd(v128.load(p, 16), v128.load(k, 16), a1);
            a2 = madd(v128.load(p, 32), v128.load(k, 32), a2); a3 = madd(v128.load(p, 48), v128.load(k, 48), a3);
            p += step; k += pixel;
          }
        }
        const at = to + (<usize>c << 2);
        v128.store(at, a0); v128.store(at, a1, 16); v128.store(at, a2, 32); v128.store(at, a3, 48);
      }
      for (; c < gC; c += 4) {
        let a = f32x4.splat(0);
        for (let r = r0; r < r1; r++) {
          let p = x + <usize>((image * gH + top + r * gRY) * gW + left + s0 * gRX) * pixel + (<usize>c << 2);
          let k = other + <usize>(r * tapsX + s0) * pixel + (<usize>c << 2);
          for (let s = s0; s < s1; s++) { a = madd(v128.load(p), v128.load(k), a); p += step; k += pixel; }
        }
        putSome(to + (<usize>c << 2), a, gC - c);
      }
      to += pixel;
    }
  }
}

/** The picture's gradient; `x` is dy. A piece is a row of an image: place i meets position (i − o − r · ry) / sy, if it is whole. */
function byPicture(): void {
  const pixel = <usize>gC << 2, tapsX = gTX;
  for (let piece = take(); piece < images * gH; piece = take()) {
    const image = piece / gH, i = piece - image * gH;
    let to = out + <usize>(piece * gW) * pixel;
    for (let j = 0; j < gW; j++) {
      // The first tap that meets a position, and from each such tap to the next.
      const s0 = firstTap(j - gOX, gSX, gRX, gCols, tapsX), r0 = firstTap(i - gOY, gSY, gRY, gRows, tapsY);
      for (let c = 0; c < gC; c += 16) {
        const some = min(16, gC - c), at = to + (<usize>c << 2);
        let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
        for (let r = r0; r < tapsY; r++) {
          const down = i - gOY - r * gRY;
          if (down < 0) break;
          const y = gSY == 1 ? down : down / gSY;
          if (y * gSY != down || y >= gRows) continue;
          const row = x + <usize>((image * gRows + y) * gCols) * pixel + (<usize>c << 2);
          const k = other + <usize>(r * tapsX) * pixel + (<usize>c << 2);
          for (let s = s0; s < tapsX; s++) {
            const across = j - gOX - s * gRX;
            if (across < 0) break;
            const q = gSX == 1 ? across : across / gSX;
            if (q * gSX != across || q >= gCols) continue;
            const p = row + <usize>q * pixel, w = k + <usize>s * pixel;
            a0 = madd(v128.load(p), v128.load(w), a0);
            if (some > 4) a1 = madd(v128.load(p, 16), v128.load(w, 16), a1);
            if (some > 8) a2 = madd(v128.load(p, 32), v128.load(w, 32), a2);
            if (some > 12) a3 = madd(v128.load(p, 48), v128.load(w, 48), a3);
          }
        }
        putSome(at, a0, some);
        if (some > 4) putSome(at + 16, a1, some - 4);
        if (some > 8) putSome(at + 32, a2, some - 8);
        if (some > 12) putSome(at + 48, a3, some - 12);
      }
      to += pixel;
    }
  }
}
/** The first tap whose position is not beyond the last one; it may meet none. */
@inline function firstTap(distance: i32, stride: i32, dilation: i32, positions: i32, taps: i32): i32 {
  return min(taps, up(distance - (positions - 1) * stride, dilation));
}

/** The kernel's gradient in `parts` sums, each of some rows of positions; the host adds them up. `other` is dy. */
function byKernel(): void {
  const pixel = <usize>gC << 2, tapsX = gTX, length = <usize>(tapsY * tapsX) * pixel;
  const rows = images * gRows;
  for (let part = take(); part < parts; part = take()) {
    const sums = out + <usize>part * length;
    memory.fill(sums, 0, length);
    const end = <i32>(<i64>rows * (part + 1) / parts);
    for (let row = <i32>(<i64>rows * part / parts); row < end; row++) {
      const image = row / gRows, y = row - image * gRows;
      for (let r = 0; r < tapsY; r++) {
        const i = y * gSY + gOY + r * gRY;
        if (<u32>i >= <u32>gH) continue;
        for (let s = 0; s < tapsX; s++) {
          const left = gOX + s * gRX;
          const q0 = up(-left, gSX), n = min(gCols, up(gW - left, gSX)) - q0;
          if (n <= 0) continue;
          const p = x + <usize>((image * gH + i) * gW + q0 * gSX + left) * pixel;
          along(p, <usize>gSX * pixel, other + <usize>(row * gCols + q0) * pixel, pixel, n, sums + <usize>(r * tapsX + s) * pixel);
        }
      }
    }
  }
}
/** sums[c] += Σ a[i][c] · b[i][c]. */
function along(a: usize, stepA: usize, b: usize, stepB: usize, n: i32, sums: usize): void {
  let c = 0;
  for (; c + 16 <= gC; c += 16) {
    let p = a, q = b;
    let a0 = v128.load(sums), a1 = v128.load(sums, 16), a2 = v128.load(sums, 32), a3 = v128.load(sums, 48);
    for (let i = 0; i < n; i++) {
      a0 = madd(v128.load(p), v128.load(q), a0); a1 = madd(v128.load(p, 16), v128.load(q, 16), a1);
      a2 = madd(v128.load(p, 32), v128.load(q, 32), a2); a3 = madd(v128.load(p, 48), v128.load(q, 48), a3);
      p += stepA; q += stepB;
    }
    v128.store(sums, a0); v128.store(sums, a1, 16); v128.store(sums, a2, 32); v128.store(sums, a3, 48);
    a += 64; b += 64; sums += 64;
  }
  for (; c < gC; c += 4) {
    let p = a, q = b, s = v128.load(sums);
    for (let i = 0; i < n; i++) { s = madd(v128.load(p), v128.load(q), s); p += stepA; q += stepB; }
    putSome(sums, s, gC - c);
    a += 16; b += 16; sums += 16;
  }
}

/**
 * Words: kind (0 forward · 1 the picture's gradient · 2 the kernel's, in parts), x (dy for 1), the kernel (dy for 2), the
 * result, images, tap rows, parts; from word 9 the twelve of `geometry`.
 */
export function depthwise(p: usize): void {
  const kind = load<i32>(p);
  x = <usize>load<u32>(p, 4); other = <usize>load<u32>(p, 8); out = <usize>load<u32>(p, 12);
  images = load<i32>(p, 16); tapsY = load<i32>(p, 20); parts = load<i32>(p, 24);
  geometry(p + 36);
  if (kind == 0) forward();
  else if (kind == 1) byPicture();
  else byKernel();
}
