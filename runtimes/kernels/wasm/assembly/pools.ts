// Pooling over windows of [images, h, w, channels], and what its gradients need; vectors run over channels. Padding does not
// count: a window is what of it lies in the picture. Of equal values the first of a window wins; NaN never does.
import { max, min, putSome, up } from './lanes';
import { take } from './share';
import { gC, gCols, geometry, gH, gOX, gOY, gRows, gSX, gSY, gTX, gW } from './windows';

// The words of the job, see `pool`.
let kind: i32, x: usize, other: usize, out: usize, images: i32, tapsY: i32, chunks: i32;

/** Mean or maximum of each window. A piece is a row of windows of an image. */
function forward(): void {
  const pixel = <usize>gC << 2, line = <usize>gW * pixel;
  for (let piece = take(); piece < images * gRows; piece = take()) {
    const image = piece / gRows, y = piece - image * gRows, top = y * gSY + gOY;
    const y0 = max(0, top), y1 = min(gH, top + tapsY);
    const picture = x + <usize>(image * gH) * line;
    let to = out + <usize>(piece * gCols) * pixel;
    for (let q = 0, left = gOX; q < gCols; q++, left += gSX) {
      const x0 = max(0, left), x1 = min(gW, left + gTX);
      const from = picture + <usize>y0 * line + <usize>x0 * pixel;
      if (kind == 2) maximum(from, line, pixel, y1 - y0, x1 - x0, to);
      else mean(from, line, pixel, y1 - y0, x1 - x0, to);
      to += pixel;
    }
  }
}
function maximum(from: usize, line: usize, pixel: usize, rows: i32, cols: i32, to: usize): void {
  for (let c = 0; c < gC; c += 8) {
    const two = gC - c > 4;
    let a = f32x4.splat(-Infinity), b = a, row = from;
    for (let r = 0; r < rows; r++) {
      let p = row;
      for (let s = 0; s < cols; s++) {
        a = f32x4.pmax(a, v128.load(p));
        if (two) b = f32x4.pmax(b, v128.load(p, 16));
        p += pixel;
      }
      row += line;
    }
    putSome(to, a, gC - c);
    if (two) putSome(to + 16, b, gC - c - 4);
    from += 32; to += 32;
  }
}
function mean(from: usize, line: usize, pixel: usize, rows: i32, cols: i32, to: usize): void {
  const count = f32x4.splat(<f32>(rows * cols));
  for (let c = 0; c < gC; c += 8) {
    const two = gC - c > 4;
    let a = f32x4.splat(0), b = a, row = from;
    for (let r = 0; r < rows; r++) {
      let p = row;
      for (let s = 0; s < cols; s++) {
        a = f32x4.add(a, v128.load(p));
        if (two) b = f32x4.add(b, v128.load(p, 16));
        p += pixel;
      }
      row += line;
    }
    putSome(to, f32x4.div(a, count), gC - c);
    if (two) putSome(to + 16, f32x4.div(b, count), gC - c - 4);
    from += 32; to += 32;
  }
}

/** The transpose of the mean; `x` is dy. A piece is a row of an image: windows y0 to y1 have it, of which each gives its share. */
function meanGradient(): void {
  const pixel = <usize>gC << 2, line = <usize>gCols * pixel;
  for (let piece = take(); piece < images * gH; piece = take()) {
    const image = piece / gH, i = piece - image * gH;
    const y0 = up(i - gOY - tapsY + 1, gSY), y1 = i < gOY ? 0 : min(gRows, (i - gOY) / gSY + 1);
    let to = out + <usize>(piece * gW) * pixel;
    let q0 = 0, q1 = 0;
    for (let j = 0; j < gW; j++) {
      while (q0 < gCols && q0 * gSX + gOX + gTX <= j) q0++;
      while (q1 < gCols && q1 * gSX + gOX <= j) q1++;
      for (let c = 0; c < gC; c += 4) {
        let a = f32x4.splat(0);
        for (let y = y0; y < y1; y++) {
          const rows = inside(y * gSY + gOY, tapsY, gH);
          const from = x + <usize>(image * gRows + y) * line + (<usize>c << 2);
          for (let q = q0; q < q1; q++) {
            const share = <f32>1 / <f32>(rows * inside(q * gSX + gOX, gTX, gW));
            a = f32x4.add(a, f32x4.mul(v128.load(from + <usize>q * pixel), f32x4.splat(share)));
          }
        }
        putSome(to + (<usize>c << 2), a, gC - c);
      }
      to += pixel;
    }
  }
}
/** How much of a window from `from` on lies inside. */
@inline function inside(from: i32, taps: i32, size: i32): i32 { return min(size, from + taps) - max(0, from); }

/**
 * Kind 3: `other` is dy, which goes to the winner of each window of x. A piece is an image, or some of its channels where
 * there are few images: windows overlap, and add up in their order.
 */
function maximumGradient(): void {
  const pixel = <usize>gC << 2, line = <usize>gW * pixel;
  const each = ((gC + chunks - 1) / chunks + 3) & ~3;
  for (let piece = take(); piece < images * chunks; piece = take()) {
    const image = piece / chunks, c0 = (piece - image * chunks) * each, c1 = min(gC, c0 + each);
    if (c0 >= c1) continue;
    const picture = x + <usize>(image * gH) * line, result = out + <usize>(image * gH) * line;
    if (each >= gC) memory.fill(result, 0, <usize>gH * line);
    else for (let i = 0, to = result + (<usize>c0 << 2); i < gH * gW; i++, to += pixel) memory.fill(to, 0, <usize>(c1 - c0) << 2);
    let dy = other + <usize>(image * gRows * gCols) * pixel;
    for (let y = 0; y < gRows; y++) for (let q = 0; q < gCols; q++) {
      const top = y * gSY + gOY, left = q * gSX + gOX;
      const y0 = max(0, top), rows = min(gH, top + tapsY) - y0, x0 = max(0, left), cols = min(gW, left + gTX) - x0;
      const place = <usize>y0 * line + <usize>x0 * pixel;
      for (let c = c0; c < c1; c += 4) {
        const at = place + (<usize>c << 2), winner = winnerOf(picture + at, line, pixel, rows, cols);
        const g = v128.load(dy + (<usize>c << 2));
        let to = result + at, tap = 0;
        for (let r = 0; r < rows; r++) {
          let p = to;
          for (let s = 0; s < cols; s++) {
            const hit = v128.and(g, i32x4.eq(winner, i32x4.splat(tap++)));
            if (v128.any_true(hit)) putSome(p, f32x4.add(v128.load(p), hit), c1 - c);
            p += pixel;
          }
          to += line;
        }
      }
      dy += pixel;
    }
  }
}
/** Of four channels the number of the tap that wins; −1 for none. */
@inline function winnerOf(from: usize, line: usize, pixel: usize, rows: i32, cols: i32): v128 {
  let best = f32x4.splat(-Infinity), winner = i32x4.splat(-1), tap = 0;
  for (let r = 0; r < rows; r++) {
    let p = from;
    for (let s = 0; s < cols; s++) {
      const v = v128.load(p), more = f32x4.gt(v, best);
      best = v128.bitselect(v, best, more);
      winner = v128.bitselect(i32x4.splat(tap++), winner, more);
      p += pixel;
    }
    from += line;
  }
  return winner;
}

/** Kind 4: of each window of x the entry of `other` where x wins; 0 where nothing does. A piece is a row of windows. */
function select(): void {
  const pixel = <usize>gC << 2, line = <usize>gW * pixel;
  for (let piece = take(); piece < images * gRows; piece = take()) {
    const image = piece / gRows, y = piece - image * gRows, top = y * gSY + gOY;
    const y0 = max(0, top), rows = min(gH, top + tapsY) - y0;
    const row = <usize>(image * gH + y0) * line;
    let to = out + <usize>(piece * gCols) * pixel;
    for (let q = 0, left = gOX; q < gCols; q++, left += gSX) {
      const x0 = max(0, left), cols = min(gW, left + gTX) - x0;
      for (let c = 0; c < gC; c += 4) {
        let at = row + <usize>x0 * pixel + (<usize>c << 2), best = f32x4.splat(-Infinity), chosen = f32x4.splat(0);
        for (let r = 0; r < rows; r++) {
          let p = at;
          for (let s = 0; s < cols; s++) {
            const v = v128.load(x + p), more = f32x4.gt(v, best);
            best = v128.bitselect(v, best, more);
            chosen = v128.bitselect(v128.load(other + p), chosen, more);
            p += pixel;
          }
          at += line;
        }
        putSome(to + (<usize>c << 2), chosen, gC - c);
      }
      to += pixel;
    }
  }
}

/**
 * Words: kind (0 mean · 1 its gradient · 2 maximum · 3 its gradient · 4 the winners' entries of another), x (dy for 1), the
 * other operand (dy for 3), the result, images, tap rows, parts of the channels (3); from word 9 the twelve of `geometry`.
 */
export function pool(p: usize): void {
  kind = load<i32>(p);
  x = <usize>load<u32>(p, 4); other = <usize>load<u32>(p, 8); out = <usize>load<u32>(p, 12);
  images = load<i32>(p, 16); tapsY = load<i32>(p, 20); chunks = load<i32>(p, 24);
  geometry(p + 36);
  if (kind == 1) meanGradient();
  else if (kind == 3) maximumGradient();
  else if (kind == 4) select();
  else forward();
}
