// Packing of windows: A gathered from an NHWC tensor, so that a convolution is a matrix product without im2col.
import { MR, NR } from './micro';
import { copyPanel, interleave, turnRuns } from './pack';

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

// --- Windows: A gathered from an NHWC tensor ---------------------------------------------------------------------
// Row (image, y, x) and tap (r, s) meet at the tensor's place (y·sy + oy + r·ry, x·sx + ox + s·rx), zero outside.
export let gH: i32, gW: i32, gC: i32, gRows: i32, gCols: i32, gSY: i32, gSX: i32, gOY: i32, gOX: i32, gTX: i32, gRY: i32, gRX: i32;
/** h, w, c of the tensor; rows × cols positions an image; steps, offsets; taps a row; step of a tap. */
export function geometry(p: usize): void {
  gH = load<i32>(p); gW = load<i32>(p, 4); gC = load<i32>(p, 8); gRows = load<i32>(p, 12); gCols = load<i32>(p, 16); gSY = load<i32>(p, 20);
  gSX = load<i32>(p, 24); gOY = load<i32>(p, 28); gOX = load<i32>(p, 32); gTX = load<i32>(p, 36); gRY = load<i32>(p, 40); gRX = load<i32>(p, 44);
}
/** Floats from one pixel of the tensor to the next: more than gC where only some of the channels are read. */
let gP: i32;
export function pixelIs(floats: i32): void { gP = floats; }
@inline function placeOf(x: usize, pos: i32, r: i32, s: i32, zeros: usize): usize {
  const per = gRows * gCols;
  const image = pos / per, rest = pos - image * per;
  const y = rest / gCols, q = rest - y * gCols;
  const iy = y * gSY + gOY + r * gRY, ix = q * gSX + gOX + s * gRX;
  return <u32>iy < <u32>gH && <u32>ix < <u32>gW ? x + (<usize>(((image * gH + iy) * gW + ix) * gP) << 2) : zeros;
}
/** Panels of MR positions; k runs over (tap row, tap column, channel). */
export function packWindows(x: usize, i0: i32, mc: i32, k0: i32, kc: i32, zeros: usize, out: usize): void {
  for (let i = 0; i < mc; i += MR) {
    const h = min(MR, mc - i);
    let k = k0;
    const end = k0 + kc;
    while (k < end) {
      const tap = k / gC, c = k - tap * gC;
      const r = tap / gTX, s = tap - r * gTX;
      const run = min(gC - c, end - k);
      const from = x + (<usize>c << 2);
      const p0 = placeOf(from, i0 + i, r, s, zeros);
      const p1 = h > 1 ? placeOf(from, i0 + i + 1, r, s, zeros) : zeros;
      const p2 = h > 2 ? placeOf(from, i0 + i + 2, r, s, zeros) : zeros;
      const p3 = h > 3 ? placeOf(from, i0 + i + 3, r, s, zeros) : zeros;
      const p4 = MR == 6 && h > 4 ? placeOf(from, i0 + i + 4, r, s, zeros) : zeros;
      const p5 = MR == 6 && h > 5 ? placeOf(from, i0 + i + 5, r, s, zeros) : zeros;
      interleave(p0, p1, p2, p3, p4, p5, run, out);
      out += <usize>(run * MR) << 2;
      k += run;
    }
  }
}
// A walk over positions, one after another: where tap (0, 0) of the next one lies, and where it is in its image.
let wBase: i32, wY: i32, wX: i32, wRow: i32, wCol: i32;
@inline function walkFrom(position: i32): void {
  const per = gRows * gCols, image = position / per, rest = position - image * per;
  wRow = rest / gCols; wCol = rest - wRow * gCols;
  wY = wRow * gSY + gOY; wX = wCol * gSX + gOX;
  wBase = ((image * gH + wY) * gW + wX) * gP;
}
@inline function walkOn(): void {
  wX += gSX; wBase += gSX * gP;
  if (++wCol < gCols) return;
  wCol = 0; wX -= gCols * gSX; wY += gSY; wBase += (gSY * gW - gCols * gSX) * gP;
  if (++wRow < gRows) return;
  wRow = 0; wY -= gRows * gSY; wBase += (gH - gRows * gSY) * gW * gP;
}

/** The transposed gather: panels of MR (tap, channel) entries; k runs over positions. */
export function packWindowsT(x: usize, i0: i32, mc: i32, k0: i32, kc: i32, zeros: usize, out: usize): void {
  const panel = <usize>(kc * MR) << 2;
  for (let i = 0; i < mc;) {
    const first = i0 + i, h = min(MR, mc - i);
    const tap = first / gC, c = first - tap * gC;
    const r = tap / gTX, s = tap - r * gTX;
    // Panels of one tap go together: a position is looked up once, and lines are read whole.
    const together = min(4, min(mc - i, gC - c) / MR);
    if (together > 0) {
      const dy = r * gRY, dx = s * gRX, at = x + (<usize>((dy * gW + dx) * gP + c) << 2);
      let o = out;
      walkFrom(k0);
      for (let k = 0; k < kc; k++) {
        const p = <u32>(wY + dy) < <u32>gH && <u32>(wX + dx) < <u32>gW ? at + (<usize>wBase << 2) : zeros;
        copyPanel(p, o);
        if (together > 1) {
          copyPanel(p + MR * 4, o + panel);
          if (together > 2) {
            copyPanel(p + MR * 8, o + 2 * panel);
            if (together > 3) copyPanel(p + MR * 12, o + 3 * panel);
          }
        }
        o += MR * 4;
        walkOn();
      }
      out += <usize>together * panel;
      i += together * MR;
    } else {
      for (let z = 0; z < MR; z++) {
        let o = out + (<usize>z << 2);
        const e = first + min(z, h - 1), t = e / gC, tr = t / gTX, ts = t - tr * gTX;
        const dy = tr * gRY, dx = ts * gRX, at = x + (<usize>((dy * gW + dx) * gP + e - t * gC) << 2);
        walkFrom(k0);
        for (let k = 0; k < kc; k++) {
          store<f32>(o, <u32>(wY + dy) < <u32>gH && <u32>(wX + dx) < <u32>gW ? load<f32>(at + (<usize>wBase << 2)) : 0);
          o += MR * 4;
          walkOn();
        }
      }
      out += panel;
      i += MR;
    }
  }
}

/**
 * B of one stride phase of an input gradient: k = (tap, out channel), column = in channel, from kernel [KH, KW, IC, all], of
 * whose last axis `oc` entries are read.
 */
export function packTaps(kernel: usize, kw: i32, ic: i32, oc: i32, all: i32, r0: i32, s0: i32, stepY: i32, stepX: i32, tapsX: i32, k0: i32, kc: i32, j0: i32, nc: i32, out: usize): void {
  const end = k0 + kc;
  for (let j = j0; j < j0 + nc; j += NR) {
    let k = k0;
    while (k < end) {
      const tap = k / oc, q = k - tap * oc, r = tap / tapsX, s = tap - r * tapsX;
      const run = min(oc - q, end - k);
      const at = kernel + (<usize>((((r0 + r * stepY) * kw + s0 + s * stepX) * ic + j) * all + q) << 2);
      turnRuns(at, <usize>all << 2, min(NR, j0 + nc - j) - 1, run, out);
      out += <usize>(run * NR) << 2;
      k += run;
    }
  }
}
