/** How an output is looked at: one class a kind (pictures, points, sound, text, numbers), all used alike. */
import type { Drawn } from '../../protocol.ts';

export interface View<Packed = unknown> {
  readonly element: HTMLElement;
  /** What is kept of a drawing, to be shown now and again later. */
  pack(drawn: Drawn): Packed;
  /** About how many bytes that takes. */
  bytesOf(packed: Packed): number;
  /** Called in a frame, and again when colours or sizes change. */
  show(packed: Packed): void;
  /** For those who do not see it. */
  describe(packed: Packed): string;
  /** The picture as a file; absent where there is none. */
  png?(): Promise<Blob | null>;
}

/** The canvas as a PNG file. */
export function canvasPng(canvas: HTMLCanvasElement): Promise<Blob | null> {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, 'image/png');
  });
}

/**
 * Draws on the processor: a thousand dots are a few milliseconds there, whereas a GPU in software needs half a second,
 * and a GPU that trains has something better to do.
 */
export function pen(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  return canvas.getContext('2d', { willReadFrequently: true })!;
}
