/** The workloads as a jax-js user writes them: pure functions of trees of weights, valueAndGrad, one jit for each update. */
import { grad, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { Losses } from '../protocol.ts';
import { readInputs, serve } from '../serve.ts';

const settings = JSON.parse(process.argv[2]!) as { workload: string; inputs: string };
await init('wasm');

type Array = np.Array;
type Weights = Record<string, Array>;
type Net = (w: Weights, x: Array) => Array;

const inputs = readInputs(settings.inputs);
const array = ({ data, shape }: { data: Float32Array; shape: number[] }) =>
  np.array(new Float32Array(data)).reshape(shape);
/** A net's weights; kernels of convolutions in the order that jax-js wants: [out, in, height, width]. */
function weightsOf(...nets: string[]): Weights {
  const w: Weights = {};
  for (const [name, stored] of inputs.weights) {
    if (!nets.includes(name.split('/')[0]!)) continue;
    const x = array(stored);
    w[name] = stored.shape.length === 4 ? np.transpose(x, [3, 2, 0, 1]) : x;
  }
  return w;
}

// Every function takes its arguments over: `.ref` is said where one is used again.
function withBias(y: Array, w: Weights, name: string): Array {
  const bias = w[`${name}/bias`];
  if (bias === undefined) return y;
  return y.add(y.ndim === 4 ? bias.reshape([1, -1, 1, 1]) : bias);
}
const dense = (x: Array, w: Weights, name: string) => withBias(np.matmul(x, w[`${name}/kernel`]!), w, name);
const conv = (x: Array, w: Weights, name: string) =>
  withBias(lax.conv(x, w[`${name}/kernel`]!, [2, 2], 'SAME'), w, name);
function up(x: Array, w: Weights, name: string): Array {
  const kernel = w[`${name}/kernel`]!;
  const total = kernel.shape[2]! - 2;
  const pad: [number, number] = [Math.floor(total / 2), total - Math.floor(total / 2)];
  return withBias(lax.convTranspose(x, kernel, [2, 2], [pad, pad], { transposeKernel: true }), w, name);
}
function batchNorm(x: Array, w: Weights, name: string): Array {
  const centred = x.ref.sub(np.mean(x, [0, 2, 3], { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  const normal = centred.div(np.sqrt(variance.add(1e-5)));
  return normal
    .mul(w[`${name}/gamma`]!.reshape([1, -1, 1, 1]))
    .add(w[`${name}/beta`]!.reshape([1, -1, 1, 1]));
}
const leaky = (x: Array) => nn.leakyRelu(x, 0.2);
/** [n, height·width·channels], channels last, to [n, channels, height, width], and back. */
const fold = (x: Array, side: number) =>
  np.transpose(x.reshape([x.shape[0]!, side, side, x.shape[1]! / side ** 2]), [0, 3, 1, 2]);
const unfold = (x: Array) => {
  const n = x.shape[0]!;
  return np.transpose(x, [0, 2, 3, 1]).reshape([n, -1]);
};

interface Adam {
  rate: number;
  beta1: number;
  beta2: number;
}
/** (An alias: jax-js's trees of arrays are no interfaces.) */
type Player = { w: Weights; m: Weights; v: Weights };
const player = (w: Weights): Player => {
  const zeros = () => Object.fromEntries(Object.entries(w).map(([k, x]) => [k, np.zeros(x.shape)]));
  return { w, m: zeros(), v: zeros() };
};
/** One update of `p` by gradients `g`; `t` counts from 1. */
function adam({ rate, beta1, beta2 }: Adam, p: Player, g: Weights, t: Array): Player {
  const first = np.subtract(1, np.power(beta1, t.ref));
  const second = np.subtract(1, np.power(beta2, t));
  const next: Player = { w: {}, m: {}, v: {} };
  for (const name of Object.keys(p.w)) {
    const m = p.m[name]!.mul(beta1).add(g[name]!.ref.mul(1 - beta1));
    const v = p.v[name]!.mul(beta2).add(np.square(g[name]!).mul(1 - beta2));
    const down = np.sqrt(v.ref.div(second.ref)).add(1e-8);
    next.w[name] = p.w[name]!.sub(m.ref.div(first.ref).mul(rate).div(down));
    next.m[name] = m;
    next.v[name] = v;
  }
  first.dispose();
  second.dispose();
  return next;
}

const softplusMean = (x: Array) => np.mean(nn.softplus(x));
type Step = (i: number, t: number) => Promise<Losses>;
const picture = (i: number): Array => {
  const x = array(inputs.samples[i]![0]!.x!);
  return ['w2', 'w3', 'w4'].includes(settings.workload)
    ? np.transpose(x, [0, 3, 1, 2])
    : x.reshape([x.shape[0]!, -1]);
};

/** Two updates a step: D's on x and G(z), G's on a fresh z. `dLoss` takes D, x, the fakes, and what else is sampled. */
function game(
  names: [string, string],
  rule: Adam,
  G: Net,
  dLoss: (D: Weights, x: Array, fake: Array, e: Array) => Array,
  gLoss: (G: Weights, D: Weights, z: Array) => Array,
): Step {
  const dStep = jit((d: Player, g: Weights, t: Array, x: Array, z: Array, e: Array) => {
    const [loss, gradients] = valueAndGrad(dLoss)(tree.ref(d.w), x, G(g, z), e) as [Array, Weights];
    return { loss, d: adam(rule, d, gradients, t) };
  });
  const gStep = jit((g: Player, d: Weights, t: Array, z: Array) => {
    const [loss, gradients] = valueAndGrad(gLoss)(tree.ref(g.w), d, z) as [Array, Weights];
    return { loss, g: adam(rule, g, gradients, t) };
  });
  let d = player(weightsOf('D'));
  let g = player(weightsOf('G'));
  return async (i, t) => {
    const [one, two] = inputs.samples[i]!;
    const e = one!.e ? array(one!.e) : np.zeros([1]);
    const first = dStep(d, tree.ref(g.w), np.array(t), picture(i), array(one!.z!), e);
    d = first.d;
    const second = gStep(g, tree.ref(d.w), np.array(t), array(two!.z!));
    g = second.g;
    return { [names[0]]: (await first.loss.data())[0]!, [names[1]]: (await second.loss.data())[0]! };
  };
}
function classic(G: Net, D: Net): Step {
  const rule = { rate: 2e-4, beta1: 0.5, beta2: 0.999 };
  return game(
    ['d_loss', 'g_loss'],
    rule,
    G,
    (d, x, fake, e) => {
      e.dispose();
      return softplusMean(np.negative(D(tree.ref(d), x))).add(softplusMean(D(d, fake)));
    },
    (g, d, z) => softplusMean(np.negative(D(d, G(g, z)))),
  );
}

const G28: Net = (w, z) => {
  let h = nn.relu(batchNorm(fold(dense(z, w, 'G/dense_1'), 7), w, 'G/batch_norm_1'));
  h = nn.relu(batchNorm(up(h, w, 'G/conv_transpose_1'), w, 'G/batch_norm_2'));
  return np.tanh(up(h, w, 'G/conv_transpose_2'));
};

const workloads: Record<string, () => Step> = {
  w1: () =>
    classic(
      (w, z) => np.tanh(dense(nn.relu(dense(z, w, 'G/dense_1')), w, 'G/dense_2')),
      (w, x) => dense(leaky(dense(x, w, 'D/dense_1')), w, 'D/dense_2'),
    ),

  w2: () =>
    classic(G28, (w, x) => {
      const h = conv(leaky(conv(x, w, 'D/conv_1')), w, 'D/conv_2');
      return dense(unfold(leaky(batchNorm(h, w, 'D/batch_norm_1'))), w, 'D/dense_1');
    }),

  w3: () =>
    classic(
      (w, z) => {
        let h = nn.relu(batchNorm(fold(dense(z, w, 'G/dense_1'), 4), w, 'G/batch_norm_1'));
        for (const i of [1, 2, 3])
          h = nn.relu(batchNorm(up(h, w, `G/conv_transpose_${i}`), w, `G/batch_norm_${i + 1}`));
        return np.tanh(up(h, w, 'G/conv_transpose_4'));
      },
      (w, x) => {
        let h = leaky(conv(x, w, 'D/conv_1'));
        for (const i of [2, 3, 4])
          h = leaky(batchNorm(conv(h, w, `D/conv_${i}`), w, `D/batch_norm_${i - 1}`));
        return dense(unfold(h), w, 'D/dense_1');
      },
    ),

  w4: () => {
    const D: Net = (w, x) =>
      dense(unfold(leaky(conv(leaky(conv(x, w, 'D/conv_1')), w, 'D/conv_2'))), w, 'D/dense_1');
    return game(
      ['critic', 'generator'],
      { rate: 1e-4, beta1: 0, beta2: 0.9 },
      G28,
      (d, x, fake, e) => {
        const between = e.ref.mul(x.ref).add(np.subtract(1, e).mul(fake.ref));
        const slope = grad((v: Array, w: Weights) => np.sum(D(w, v)))(between, tree.ref(d)) as Array;
        const norms = np.sqrt(np.sum(np.square(slope), [1, 2, 3]));
        const penalty = np.mean(np.square(norms.sub(1)));
        return np
          .mean(D(tree.ref(d), fake))
          .sub(np.mean(D(d, x)))
          .add(penalty.mul(10));
      },
      (g, d, z) => np.negative(np.mean(D(d, G28(g, z)))),
    );
  },

  w5: () => {
    const loss = (w: Weights, x: Array, e: Array) => {
      const h = nn.relu(dense(x.ref, w, 'encoder/dense_1'));
      const mu = dense(h.ref, w, 'encoder/dense_2');
      const logvar = dense(h, w, 'encoder/dense_3');
      const z = mu.ref.add(np.exp(logvar.ref.div(2)).mul(e));
      const logits = dense(nn.relu(dense(z, w, 'decoder/dense_1')), w, 'decoder/dense_2');
      const target = x.add(1).div(2);
      const reconstruction = np.mean(np.sum(nn.softplus(logits.ref).sub(target.mul(logits)), 1));
      const inner = logvar.ref.add(1).sub(np.square(mu)).sub(np.exp(logvar));
      return reconstruction.add(np.mean(np.sum(inner, 1)).mul(-0.5));
    };
    const step = jit((p: Player, t: Array, x: Array, e: Array) => {
      const [elbo, gradients] = valueAndGrad(loss)(tree.ref(p.w), x, e) as [Array, Weights];
      return { elbo, p: adam({ rate: 1e-3, beta1: 0.9, beta2: 0.999 }, p, gradients, t) };
    });
    let p = player(weightsOf('encoder', 'decoder'));
    return async (i, t) => {
      const done = step(p, np.array(t), picture(i), array(inputs.samples[i]![0]!.e!));
      p = done.p;
      return { elbo: (await done.elbo.data())[0]! };
    };
  },
};

const step = workloads[settings.workload]!();
let t = 0;
await serve({ step: (i) => step(i, ++t) });
