/** Layers: the names of their weights (rules 10 and 11) and how these start. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { Attrs, Initializer, Shape, StatSpec, WeightSpec } from '../../ir/types.ts';
import type { LayerTerm } from '../../model/model.ts';
import type { Layer } from '../../ops/record.ts';
import { MOST } from '../../ops/room.ts';
import type { Application } from './application.ts';
import type { Checker, Env, NetFrame } from './context.ts';
import { shapedOf } from './value.ts';

export function makeLayer(
  c: Checker,
  application: Application,
  record: Layer,
  attrs: Attrs,
  shape: Shape,
  batch: boolean,
): LayerTerm | null {
  const { name: layer, operands, span, env, as } = application;
  const { net } = env.frame;
  if (!net) {
    c.report('GAN0340', span, { layer });
    return null;
  }
  const path = `${net.name}/${layerName(c, net, layer, as, env, span)}`;
  const shaped = operands.map(shapedOf);
  const inits = c.inits.get(net.module);
  const written = attrs.init as unknown as Initializer | null | undefined;
  const slots = record.weights(shaped, attrs);
  for (const { slot, shape } of slots) {
    if (sizeOf(shape) <= MOST) continue;
    c.report('GAN0357', span, { what: `the ${slot} of \`${layer}\``, shape, count: 1 });
    return null;
  }
  const weights: WeightSpec[] = slots.map((slot) => ({
    name: `${path}/${slot.slot}`,
    net: net.name,
    layer: path,
    slot: slot.slot,
    shape: slot.shape,
    init: (isMain(slot.slot) ? written : null) ?? inits?.get(slot.slot)?.init ?? slot.init,
    fanIn: slot.fanIn,
    fanOut: slot.fanOut,
  }));
  const stats: StatSpec[] = (record.stats?.(shaped, attrs) ?? []).map((stat) => ({
    name: `${path}/${stat.slot}`,
    net: net.name,
    layer: path,
    shape: stat.shape,
    init: stat.init,
  }));
  net.weights.push(...weights);
  net.stats.push(...stats);
  return {
    kind: 'layer',
    layer,
    path,
    args: operands,
    attrs,
    weights,
    stats,
    shape,
    batch,
    span,
    name: null,
  };
}

/** The slots that a layer's own `init = …` is for. */
function isMain(slot: string): boolean {
  return slot === 'kernel' || slot === 'value';
}

/** `conv_1`, `stem`; inside `each` and `def` a given name is numbered, even if used once. */
function layerName(
  c: Checker,
  net: NetFrame,
  layer: string,
  as: Application['as'],
  env: Env,
  span: Span,
): string {
  const base = as?.text ?? layer;
  if (as && !env.numbered) {
    taken(c, net, base, as.span);
    return base;
  }
  const n = (net.counters.get(base) ?? 0) + 1;
  net.counters.set(base, n);
  const name = `${base}_${n}`;
  taken(c, net, name, as?.span ?? span);
  return name;
}

function taken(c: Checker, net: NetFrame, name: string, span: Span): void {
  const before = net.layerNames.get(name);
  if (before)
    c.report(
      'GAN0219',
      span,
      { name, net: net.name },
      { labels: [{ span: before, text: `the other \`${name}\`` }] },
    );
  else net.layerNames.set(name, span);
}
