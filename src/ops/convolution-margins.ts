/**
 * Zeros around a convolution's input belong to its window: a kernel reads them without their being stored. So a padded
 * input gives its margins to the convolutions that read it, and what a crop takes from an input's gradient is never made.
 */
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import type { Attrs, Shape } from '../ir/types.ts';
import { match } from './families.ts';
import {
  along,
  type Margins,
  marginOf,
  numbers,
  type Padding,
  type Pair,
  pairAttr,
  spanOf,
  windowCount,
} from './window.ts';

/** The padding of a window on an input of this size, in pixels; `more` zeros lie around that input. */
export function marginsOf(attrs: Attrs, size: Shape, kernel: Shape, more: Margins = none): Margins {
  const padding = attrs.padding as Padding | Margins;
  const side = (i: 0 | 1): Pair => {
    const span = spanOf(kernel[i]!, pairAttr(attrs, 'dilation')[i]);
    const [before, after] = marginOf(size[i]!, span, pairAttr(attrs, 'stride')[i], along(padding, i));
    return [before + more[i][0], after + more[i][1]];
  };
  return [side(0), side(1)];
}
const none: Margins = [
  [0, 0],
  [0, 0],
];

/** The shortest word for margins: most backends know `same` and `valid` best. */
export function plainPadding(
  margins: Margins,
  attrs: Attrs,
  size: Shape,
  kernel: Shape,
): 'same' | 'valid' | Margins {
  if (margins.flat().every((n) => n === 0)) return 'valid';
  const isSame = ([0, 1] as const).every((i) => {
    const [n, stride] = [size[i]!, pairAttr(attrs, 'stride')[i]];
    const span = spanOf(kernel[i]!, pairAttr(attrs, 'dilation')[i]);
    const [before, after] = marginOf(n, span, stride, 'same');
    const count = windowCount(n, span, stride, 'same');
    const [b, a] = margins[i];
    return (
      b === before &&
      a === after &&
      windowCount(n, span, stride, [b, a]) === count &&
      (count - 1) * stride + span >= n
    );
  });
  return isSame ? 'same' : margins;
}

/** What has zeros around it but no further channels, and how many. */
function unpadded(x: Node): { inner: Node; margins: Margins } | null {
  const pad = match(x, 'zero_pad');
  if (!pad) return null;
  const [before, after] = [numbers(pad.attrs, 'before'), numbers(pad.attrs, 'after')];
  if (before[2] !== 0 || after[2] !== 0) return null;
  return {
    inner: pad.args[0]!,
    margins: [
      [before[0]!, after[0]!],
      [before[1]!, after[1]!],
    ],
  };
}

/** A convolution, or its kernel's gradient, that reads the input of a margin instead of what the margin makes. */
export function withoutPad(
  b: Builder,
  op: string,
  [x, other]: readonly Node[],
  attrs: Attrs,
  kernel: Shape,
): Node | null {
  const found = unpadded(x!);
  if (!found) return null;
  const { inner, margins } = found;
  const all = marginsOf(attrs, x!.shape, kernel, margins);
  return b.op(op, [inner, other!], { ...attrs, padding: plainPadding(all, attrs, inner.shape, kernel) });
}

/** A cropped gradient of a convolution's input (a transposed convolution) as one of a smaller input with larger margins. */
export function withoutCrop(b: Builder, x: Node, crop: Attrs): Node | null {
  const node = match(x, 'conv2d_input_gradient');
  if (!node) return null;
  const [before, after] = [numbers(crop, 'before'), numbers(crop, 'after')];
  if (before[2] !== 0 || after[2] !== 0) return null;
  const { attrs } = node;
  const kernel = node.args[1]!.shape;
  const more: Margins = [
    [before[0]!, after[0]!],
    [before[1]!, after[1]!],
  ];
  const margins = marginsOf(attrs, x.shape, kernel, more);
  const size = [0, 1].map((i) => x.shape[i]! - before[i]! - after[i]!);
  return b.op(node.op, node.args, { ...attrs, size, padding: plainPadding(margins, attrs, size, kernel) });
}
