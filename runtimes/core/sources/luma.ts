/** Grey of a colour, as people's tools make it: the luma of ITU-R Rec. 601 on the values as they are stored. */

/** Of bytes of red, green and blue, rounded as Pillow's `convert("L")` does. Pure red is 76, and a grey is itself. */
export function luma(red: number, green: number, blue: number): number {
  return (19_595 * red + 38_470 * green + 7471 * blue + 32_768) >> 16;
}
