// Convolutions of few channels, and both of their gradients: a picture is copied with its borders into work space, and the
// tiles read it there as it is. A product over packed windows would pack as much as it multiplies.
import { NR } from './micro';
import { packB, turnRuns } from './pack';
import { take } from './share';
import { sum4, tile, tileHeight } from './tiles';
import { gC, gCols, geometry, gH, gOX, gOY, gRows, gRX, gRY, gSX, gSY, gTX, gW } from './windows';

/** Floats of pictures, of windows and of dy that are worked on at a time: about a first-level cache's. */
const NEAR: i32 = 8192;

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }
@inline function max(a: i32, b: i32): i32 { return a > b ? a : b; }
@inline function up(n: i32): i32 { return (n + NR - 1) & -NR; }

// The words of the job, see `few`.
let x: usize, other: usize, out: usize, images: i32, tapsY: i32, tapsX: i32, oc: i32, parts: i32;
/** Steps of a window: taps × channels. A row of the copy that all windows of a row of positions touch, in floats. */
let steps: i32, wide: i32;

/** Rows of the copy that the windows of so many rows of positions touch. */
@inline function deep(rows: i32): i32 { return (rows - 1) * gSY + (tapsY - 1) * gRY + 1; }

/** Rows of positions to work on at a time, so that neither the copy nor `each` floats a row are too many. */
function band(each: i32): i32 {
  let rows = min(gRows, max(1, NEAR / each));
  while (rows > 1 && deep(rows) * wide > NEAR) rows--;
  return rows;
}

/** Rows y0 to y0 + rows of positions: their part of a picture, with zeros where it ends. */
function copy(image: i32, y0: i32, rows: i32, to: usize): void {
  const line = <usize>wide << 2, first = max(0, -gOX), last = min(wide / gC, gW - gOX);
  const left = <usize>(min(first, wide / gC) * gC) << 2, some = <usize>(max(0, last - first) * gC) << 2;
  for (let z = 0, n = deep(rows); z < n; z++) {
    const y = y0 * gSY + gOY + z;
    if (<u32>y < <u32>gH && some > 0) {
      memory.fill(to, 0, left);
      memory.copy(to + left, x + (<usize>(((image * gH + y) * gW + first + gOX) * gC) << 2), some);
      memory.fill(to + left + some, 0, line - left - some);
    } else memory.fill(to, 0, line);
    to += line;
  }
}

/** Where each step of a window lies in the copy, in bytes from its first. */
function stepPlaces(to: usize): void {
  for (let r = 0; r < tapsY; r++) for (let s = 0; s < tapsX; s++) for (let c = 0; c < gC; c++) {
    store<i32>(to, (r * gRY * wide + s * gRX * gC + c) << 2);
    to += 4;
  }
}

/** y[position][channel]. A piece is some rows of an image. Taps lie side by side (no dilation along a row). */
function forward(work: usize): void {
  const rows = band(gCols), bands = (gRows + rows - 1) / rows, height = tileHeight(rows * gCols);
  const kernel = work, places = kernel + (<usize>(steps * up(oc)) << 2), picture = places + (<usize>(rows * gCols) << 2);
  let ready = false;
  for (let piece = take(); piece < images * bands; piece = take()) {
    if (!ready) {
      packB(other, oc, steps, oc, kernel);
      for (let y = 0, at = places; y < rows; y++) for (let q = 0; q < gCols; q++) {
        store<i32>(at, (y * gSY * wide + q * gSX * gC) << 2);
        at += 4;
      }
      ready = true;
    }
    const image = piece / bands, y0 = (piece - image * bands) * rows, some = min(rows, gRows - y0), positions = some * gCols;
    copy(image, y0, some, picture);
    let to = out + (<usize>((image * gRows + y0) * gCols * oc) << 2);
    for (let i = 0; i < positions; i += height) {
      tile(height, picture, places + (<usize>i << 2), min(height, positions - i), tapsY, tapsX * gC, 4, (gRY * wide) << 2,
        kernel, up(oc) / NR, to, oc, oc, false);
      to += <usize>(height * oc) << 2;
    }
  }
}

/**
 * The kernel's gradient, [step][channel], in `parts` sums that are added up afterwards, so that their number and not that
 * of the threads decides how sums are rounded. A piece is one of them: some of the images' bands.
 */
function byKernel(work: usize): void {
  const rows = band(max(gCols, gCols * up(oc) / 4)), bands = (gRows + rows - 1) / rows, all = images * bands;
  const height = tileHeight(steps);
  const places = work, packed = places + (<usize>(steps + 6) << 2), picture = packed + (<usize>(rows * gCols * up(oc)) << 2);
  let ready = false;
  for (let piece = take(); piece < parts; piece = take()) {
    if (!ready) {
      stepPlaces(places);
      ready = true;
    }
    const to = out + (<usize>(piece * steps * oc) << 2);
    memory.fill(to, 0, <usize>(steps * oc) << 2);
    const end = <i32>(<i64>all * (piece + 1) / parts);
    for (let b = <i32>(<i64>all * piece / parts); b < end; b++) {
      const image = b / bands, y0 = (b - image * bands) * rows, some = min(rows, gRows - y0), positions = some * gCols;
      copy(image, y0, some, picture);
      packB(other + (<usize>((image * gRows + y0) * gCols * oc) << 2), oc, positions, oc, packed);
      for (let j = 0; j < oc; j += NR) {
        for (let i = 0; i < steps; i += height) {
          tile(height, picture, places + (<usize>i << 2), min(height, steps - i), some, gCols, (gSX * gC) << 2, (gSY * wide) << 2,
            packed + (<usize>(j * positions) << 2), 1, to + (<usize>(i * oc + j) << 2), oc, oc - j, true);
        }
      }
    }
  }
}

/** Floats of a row of the picture that comes of windows: columns that meet the same taps side by side. */
@inline function planeColumns(): i32 { return gCols + (tapsX - 1) * gRX / gSX; }

/**
 * The picture's gradient: windows[step][position] = kernel[step] · dy[position], added up where they lie. Columns that are
 * a stride apart are kept side by side (`planes`), so that vectors can be added. A piece is some rows of a picture.
 */
function byPicture(work: usize): void {
  const columns = planeColumns(), line = gSX * gC * columns;
  const rows = min(gH, max(1, 4 * NEAR / line)), bands = (gH + rows - 1) / rows;
  // Rows of positions at a time.
  const some = max(1, NEAR / (steps * gCols)), height = tileHeight(steps);
  const places = work, panel = places + (<usize>(steps + 6) << 2), planes = panel + (<usize>(NR * oc) << 2);
  const windows = planes + (<usize>(rows * line) << 2);
  let ready = false;
  for (let piece = take(); piece < images * bands; piece = take()) {
    if (!ready) {
      for (let i = 0; i < steps; i++) store<i32>(places + (<usize>i << 2), (i * oc) << 2);
      ready = true;
    }
    const image = piece / bands, i0 = (piece - image * bands) * rows, h = min(rows, gH - i0);
    memory.fill(planes, 0, <usize>(h * line) << 2);
    // Positions whose windows touch these rows: y·sy + oy + r·ry is between i0 and i0 + h.
    const low = i0 - gOY - (tapsY - 1) * gRY, high = i0 + h - 1 - gOY;
    const y0 = low > 0 ? (low + gSY - 1) / gSY : 0, y1 = high < 0 ? 0 : min(gRows, high / gSY + 1);
    for (let y = y0; y < y1; y += some) {
      const n = min(some, y1 - y), positions = n * gCols;
      const dy = other + (<usize>((image * gRows + y) * gCols * oc) << 2);
      for (let j = 0; j < positions; j += NR) {
        turnRuns(dy + (<usize>(j * oc) << 2), <usize>oc << 2, min(NR, positions - j) - 1, oc, panel);
        for (let i = 0; i < steps; i += height) {
          tile(height, x, places + (<usize>i << 2), min(height, steps - i), 1, oc, 4, 0,
            panel, 1, windows + (<usize>(i * up(positions) + j) << 2), up(positions), NR, false);
        }
      }
      add(windows, y, n, up(positions), i0, h, planes, columns);
    }
    spread(image, i0, h, planes, columns);
  }
}

/** Adds the windows of n rows of positions to the planes of picture rows i0 to i0 + h. */
function add(windows: usize, y0: i32, n: i32, length: i32, i0: i32, h: i32, planes: usize, columns: i32): void {
  for (let r = 0; r < tapsY; r++) for (let s = 0; s < tapsX; s++) for (let c = 0; c < gC; c++) {
    const far = s * gRX / gSX, plane = (s * gRX - far * gSX) * gC + c;
    let from = windows;
    for (let y = y0; y < y0 + n; y++) {
      const i = y * gSY + gOY + r * gRY - i0;
      if (<u32>i < <u32>h) sum4(from, planes + (<usize>((i * gSX * gC + plane) * columns + far) << 2), gCols);
      from += <usize>gCols << 2;
    }
    windows += <usize>length << 2;
  }
}

/** Rows i0 to i0 + h of a picture from its planes. */
function spread(image: i32, i0: i32, h: i32, planes: usize, columns: i32): void {
  const step = <usize>(gSX * gC) << 2, row = <usize>(gW * gC) << 2;
  let to = out + <usize>(image * gH + i0) * row;
  for (let i = 0; i < h; i++) {
    // Column j of a phase's plane is column j · sx + phase + ox of the picture; columns beyond all windows stay 0.
    memory.fill(to, 0, row);
    for (let phase = 0; phase < gSX; phase++) {
      const first = phase + gOX < 0 ? (gSX - 1 - phase - gOX) / gSX : 0;
      const end = min(columns, max(0, gW - gOX - phase + gSX - 1) / gSX);
      for (let c = 0; c < gC; c++) {
        let from = planes + (<usize>first << 2), at = to + (<usize>((first * gSX + phase + gOX) * gC + c) << 2);
        for (let j = first; j < end; j++) { store<f32>(at, load<f32>(from)); from += 4; at += step; }
        planes += <usize>columns << 2;
      }
    }
    to += row;
  }
}

/** Adds up sums that lie one after another, always in the same order. A piece is some of their places. */
function addParts(): void {
  const length = steps * oc, each: i32 = 1024;
  for (let at = take() * each; at < length; at = take() * each) {
    const n = min(each, length - at);
    const to = out + (<usize>at << 2);
    memory.copy(to, x + (<usize>at << 2), <usize>n << 2);
    for (let i = 1; i < parts; i++) sum4(x + (<usize>(i * length + at) << 2), to, n);
  }
}

/**
 * Words: kind (0 forward · 1 the kernel's gradient · 2 the picture's · 3 the sum of parts), the picture (the kernel for 2,
 * the parts for 3), the other operand (the kernel for 0, else dy), the result, images, tap rows, tap columns, channels of
 * y, parts; from word 9 the twelve of `geometry`. The host sees to it that there is room (`products.ts`).
 */
export function few(p: usize, work: usize): void {
  const kind = load<i32>(p);
  x = <usize>load<u32>(p, 4); other = <usize>load<u32>(p, 8); out = <usize>load<u32>(p, 12);
  images = load<i32>(p, 16); tapsY = load<i32>(p, 20); tapsX = load<i32>(p, 24); oc = load<i32>(p, 28); parts = load<i32>(p, 32);
  geometry(p + 36);
  steps = tapsY * tapsX * gC;
  wide = ((gCols - 1) * gSX + (tapsX - 1) * gRX + 1) * gC;
  if (kind == 0) forward(work);
  else if (kind == 1) byKernel(work);
  else if (kind == 2) byPicture(work);
  else addParts();
}
