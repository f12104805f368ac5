/** How many numbers an example of this shape is. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
