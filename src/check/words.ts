/** Words for names that are not there: the nearest one, the operator, or what it is called here. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Extras } from '../diagnostics/table.ts';

/** Help and edit for a misspelt name. */
export function didYouMean(near: string | undefined, span: Span): Extras {
  return near === undefined ? {} : { help: `did you mean \`${near}\`?`, fix: [{ span, text: near }] };
}

/** Operators, for those who look for a function. */
export const signs: ReadonlyMap<string, string> = new Map([
  ['add', '+'],
  ['sub', '-'],
  ['subtract', '-'],
  ['mul', '*'],
  ['multiply', '*'],
  ['div', '/'],
  ['divide', '/'],
  ['pow', '^'],
  ['power', '^'],
  ['neg', '-'],
  ['mod', '%'],
  ['not', '!'],
]);

/** What other libraries call it. */
export const elsewhere: ReadonlyMap<string, string> = new Map([
  ['linear', 'dense'],
  ['Linear', 'dense'],
  ['fc', 'dense'],
  ['Dense', 'dense'],
  ['conv2d', 'conv'],
  ['Conv2d', 'conv'],
  ['Conv2D', 'conv'],
  ['conv1d', 'conv'],
  ['deconv', 'conv_transpose'],
  ['ConvTranspose2d', 'conv_transpose'],
  ['Conv2DTranspose', 'conv_transpose'],
  ['conv2d_transpose', 'conv_transpose'],
  ['BatchNorm2d', 'batch_norm'],
  ['bn', 'batch_norm'],
  ['lrelu', 'leaky_relu'],
  ['LeakyReLU', 'leaky_relu'],
  ['view', 'reshape'],
  ['embedding', 'embed'],
  ['detach', 'stop'],
  ['stop_gradient', 'stop'],
  ['gradient', 'grad'],
  ['pixel_shuffle', 'depth_to_space'],
  ['cat', 'concat'],
  ['maxpool', 'max_pool'],
  ['avgpool', 'avg_pool'],
  ['avg', 'mean'],
  ['average', 'mean'],
  ['E', 'expect'],
  ['swish', 'silu'],
  ['clip', 'clamp'],
]);
