// Windows added up into a tensor: the last half of an input gradient whose channels are too few for the product's tiles.
import { take } from './share';

/**
 * Words: the windows [images, rows, cols, taps rows, taps cols, channels], dx [images, h, w, channels], then images, rows,
 * cols, h, w, channels, taps rows, taps cols, steps y and x, offsets y and x. A piece is an image.
 */
export function scatterWindows(p: usize): void {
  const windows = <usize>load<u32>(p), dx = <usize>load<u32>(p, 4);
  const images = load<i32>(p, 8), rows = load<i32>(p, 12), cols = load<i32>(p, 16);
  const h = load<i32>(p, 20), w = load<i32>(p, 24), channels = load<i32>(p, 28);
  const tapsY = load<i32>(p, 32), tapsX = load<i32>(p, 36), sy = load<i32>(p, 40), sx = load<i32>(p, 44);
  const oy = load<i32>(p, 48), ox = load<i32>(p, 52);
  for (let image = take(); image < images; image = take()) {
    const out = dx + (<usize>(image * h * w * channels) << 2);
    memory.fill(out, 0, <usize>(h * w * channels) << 2);
    let from = windows + (<usize>(image * rows * cols * tapsY * tapsX * channels) << 2);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < cols; x++) {
        for (let r = 0; r < tapsY; r++) {
          const iy = y * sy + oy + r;
          for (let s = 0; s < tapsX; s++) {
            const ix = x * sx + ox + s;
            if (<u32>iy < <u32>h && <u32>ix < <u32>w) {
              let at = out + (<usize>((iy * w + ix) * channels) << 2);
              for (let c = 0; c < channels; c++) {
                store<f32>(at, load<f32>(at) + load<f32>(from));
                at += 4;
                from += 4;
              }
            } else from += <usize>channels << 2;
          }
        }
      }
    }
  }
}
