/** Words for names that are not there: the nearest one, the operator, or what it is called here. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Suggestions } from '../diagnostics/nearest.ts';
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
  ['forward_grad', 'jvp'],
  ['pixel_shuffle', 'depth_to_space'],
  ['cat', 'concat'],
  ['maxpool', 'max_pool'],
  ['avgpool', 'avg_pool'],
  ['avg', 'mean'],
  ['average', 'mean'],
  ['E', 'expect'],
  ['swish', 'silu'],
  ['clip', 'clamp'],
  ['unsqueeze', 'expand'],
  ['expand_dims', 'expand'],
  ['repeat', 'tile'],
  ['take', 'gather'],
  ['index_select', 'gather'],
  ['topk', 'sort'],
  ['top_k', 'sort'],
  ['arg_max', 'argmax'],
  ['arg_min', 'argmin'],
  ['cumulative_sum', 'cumsum'],
  ['cumulative_product', 'cumprod'],
  ['stdev', 'std'],
  ['stddev', 'std'],
  ['variance', 'var'],
  ['tril', 'triangle'],
  ['triu', 'triangle'],
  ['diag_embed', 'diag'],
  ['det', 'determinant'],
  ['inv', 'inverse'],
  ['cdist', 'pairwise'],
  ['permute', 'transpose'],
  ['swapaxes', 'transpose'],
  ['masked_fill', 'where'],
  ['Embedding', 'embed'],
]);

/** What is written with other operations here, for those who look for a function. */
export const phrases: ReadonlyMap<string, string> = new Map([
  ['squeeze', '`reshape` to the axes that stay'],
  ['eye', '`diag(ones(n))`'],
  ['identity', '`diag(ones(n))`'],
  ['full', '`c * ones(…)`'],
  ['zeros_like', '`0 * x`'],
  ['ones_like', '`0 * x + 1`'],
  ['arange', '`range(n)`'],
  ['linspace', '`range(n) / (n - 1)`, scaled'],
  ['trace', '`sum(diagonal(x))`'],
  ['einsum', '`expand` and `sum`, or `matmul` after `transpose`'],
  ['dot', '`sum(a * b)`'],
  ['bmm', '`matmul`'],
]);

/** What other libraries call an argument. */
const argumentsElsewhere: ReadonlyMap<string, string> = new Map([
  ['learning_rate', 'lr'],
  ['rate', 'lr'],
  ['eps', 'epsilon'],
  ['weight_decay', 'decay'],
  ['kernel_size', 'kernel'],
  ['out_channels', 'filters'],
  ['channels', 'filters'],
  ['out_features', 'units'],
  ['features', 'units'],
  ['negative_slope', 'slope'],
  ['alpha', 'slope'],
  ['use_bias', 'bias'],
  ['dim', 'axis'],
  ['axes', 'axis'],
  ['keepdim', 'keep'],
  ['keepdims', 'keep'],
]);

/** Help for an argument that the callee does not have, among those that it has and was not given. */
export function argumentMeant(
  name: string,
  formals: readonly { readonly name: string }[],
  isFree: (name: string) => boolean,
  span: Span,
  suggestions: Suggestions,
): Extras | undefined {
  if (name === 'betas' && isFree('beta1')) {
    return { help: 'they are two arguments here: `beta1 = 0.9, beta2 = 0.999`' };
  }
  if (name === 'activation') return { help: 'an activation is a stage of its own: `|> dense(64) |> relu`' };
  const here = argumentsElsewhere.get(name);
  if (here !== undefined && isFree(here)) {
    return { help: `here it is called \`${here}\``, fix: [{ span, text: here }] };
  }
  function* free(): Generator<string | null> {
    for (const formal of formals) yield isFree(formal.name) ? formal.name : null;
  }
  const near = suggestions.nearest(name, free());
  return near === undefined ? undefined : didYouMean(near, span);
}

/** What other libraries call a distribution. */
export const distributionsElsewhere: ReadonlyMap<string, string> = new Map([
  ['gaussian', 'normal'],
  ['Gaussian', 'normal'],
  ['randn', 'normal'],
  ['trunc_normal', 'truncated_normal'],
  ['one_hot_categorical', 'categorical'],
  ['multinomial', 'categorical'],
  ['rand', 'uniform'],
  ['onehot', 'categorical'],
  ['one_hot', 'categorical'],
]);
