/** The workloads as a tfjs user writes them by hand, on any backend: variables, variableGrads, tidy, tf.train.adam. */
import * as tf from '@tensorflow/tfjs';
import type { Losses } from '../protocol.ts';

type Tensor = tf.Tensor;
type Feed = Record<string, Tensor>;
type Net = (x: Tensor) => Tensor;

export type Step = (feeds: Feed[]) => Promise<Losses>;

/** A workload's step on these weights, which become variables and change. `feeds` are those of its `sample` statements. */
export function byHand(workload: string, weights: Iterable<[string, Tensor]>): Step {
  const w: Record<string, tf.Variable> = {};
  for (const [name, value] of weights) w[name] = tf.variable(value, true, name);
  const weightsOf = (...nets: string[]) =>
    Object.entries(w).flatMap(([name, v]) => (nets.includes(name.split('/')[0]!) ? [v] : []));

  const leaky = (x: Tensor) => tf.leakyRelu(x, 0.2);
  const mean = (x: Tensor) => tf.mean(x) as tf.Scalar;
  const flat = (x: Tensor) => tf.reshape(x, [x.shape[0]!, -1]);

  function withBias(y: Tensor, name: string): Tensor {
    const bias = w[`${name}/bias`];
    return bias ? tf.add(y, bias) : y;
  }
  function dense(x: Tensor, name: string): Tensor {
    return withBias(tf.matMul(x as tf.Tensor2D, w[`${name}/kernel`] as unknown as tf.Tensor2D), name);
  }
  function conv(x: Tensor, name: string): Tensor {
    return withBias(
      tf.conv2d(x as tf.Tensor4D, w[`${name}/kernel`] as unknown as tf.Tensor4D, 2, 'same'),
      name,
    );
  }
  function up(x: Tensor, name: string): Tensor {
    const kernel = w[`${name}/kernel`] as unknown as tf.Tensor4D;
    const [n, height, width] = x.shape as [number, number, number];
    const shape: [number, number, number, number] = [n, 2 * height, 2 * width, kernel.shape[2]];
    return withBias(tf.conv2dTranspose(x as tf.Tensor4D, kernel, shape, 2, 'same'), name);
  }
  function batchNorm(x: Tensor, name: string): Tensor {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const [beta, gamma] = [w[`${name}/beta`], w[`${name}/gamma`]] as unknown as [tf.Tensor1D, tf.Tensor1D];
    return tf.batchNorm(x as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, 1e-5);
  }

  /** Minimises, and gives the loss. */
  function update(optimizer: tf.AdamOptimizer, weights: tf.Variable[], loss: () => tf.Scalar): tf.Scalar {
    return tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss, weights);
      // (Its declared type asks for variables; it takes gradients.)
      optimizer.applyGradients(grads as never);
      return value;
    });
  }
  async function numbers(losses: Record<string, tf.Scalar>): Promise<Losses> {
    const out: Losses = {};
    for (const [name, loss] of Object.entries(losses)) {
      out[name] = (await loss.data())[0]!;
      loss.dispose();
    }
    return out;
  }

  /** Two players with the non-saturating log loss, and a fresh z for each. */
  function game(G: Net, D: Net) {
    const [dOptimizer, gOptimizer] = [
      tf.train.adam(2e-4, 0.5, 0.999, 1e-8),
      tf.train.adam(2e-4, 0.5, 0.999, 1e-8),
    ];
    return async ([first, second]: Feed[]) => {
      const { x, z } = first as { x: Tensor; z: Tensor };
      const d_loss = tf.tidy(() => {
        const fake = G(z);
        return update(
          dOptimizer,
          weightsOf('D'),
          () => tf.add(mean(tf.softplus(tf.neg(D(x)))), mean(tf.softplus(D(fake)))) as tf.Scalar,
        );
      });
      const g_loss = update(gOptimizer, weightsOf('G'), () => mean(tf.softplus(tf.neg(D(G(second!.z!))))));
      return numbers({ d_loss, g_loss });
    };
  }

  function generator28(z: Tensor): Tensor {
    let h: Tensor = dense(z, 'G/dense_1');
    h = tf.reshape(h, [-1, 7, 7, h.shape[1]! / 49]);
    h = tf.relu(batchNorm(h, 'G/batch_norm_1'));
    h = tf.relu(batchNorm(up(h, 'G/conv_transpose_1'), 'G/batch_norm_2'));
    return tf.tanh(up(h, 'G/conv_transpose_2'));
  }

  const workloads: Record<string, () => Step> = {
    w1: () =>
      game(
        (z) => tf.reshape(tf.tanh(dense(tf.relu(dense(z, 'G/dense_1')), 'G/dense_2')), [-1, 28, 28, 1]),
        (x) => dense(leaky(dense(flat(x), 'D/dense_1')), 'D/dense_2'),
      ),

    w2: () =>
      game(generator28, (x) => {
        const h = leaky(conv(x, 'D/conv_1'));
        return dense(flat(leaky(batchNorm(conv(h, 'D/conv_2'), 'D/batch_norm_1'))), 'D/dense_1');
      }),

    w3: () =>
      game(
        (z) => {
          let h: Tensor = tf.reshape(dense(z, 'G/dense_1'), [-1, 4, 4, 512]);
          h = tf.relu(batchNorm(h, 'G/batch_norm_1'));
          for (const i of [1, 2, 3])
            h = tf.relu(batchNorm(up(h, `G/conv_transpose_${i}`), `G/batch_norm_${i + 1}`));
          return tf.tanh(up(h, 'G/conv_transpose_4'));
        },
        (x) => {
          let h = leaky(conv(x, 'D/conv_1'));
          for (const i of [2, 3, 4]) h = leaky(batchNorm(conv(h, `D/conv_${i}`), `D/batch_norm_${i - 1}`));
          return dense(flat(h), 'D/dense_1');
        },
      ),

    w4: () => {
      const [dOptimizer, gOptimizer] = [tf.train.adam(1e-4, 0, 0.9, 1e-8), tf.train.adam(1e-4, 0, 0.9, 1e-8)];
      // tfjs cannot differentiate leakyRelu twice (tf.prelu's gradient throws); with relu it can.
      const act = (x: Tensor) => tf.sub(tf.relu(x), tf.mul(0.2, tf.relu(tf.neg(x))));
      const D = (x: Tensor) => dense(flat(act(conv(act(conv(x, 'D/conv_1')), 'D/conv_2'))), 'D/dense_1');
      return async ([first, second]) => {
        const { x, z, e } = first as { x: Tensor; z: Tensor; e: Tensor };
        const critic = tf.tidy(() => {
          const fake = generator28(z);
          const between = tf.add(tf.mul(e, x), tf.mul(tf.sub(1, e), fake));
          return update(dOptimizer, weightsOf('D'), () => {
            const slope = tf.grad((v) => tf.sum(D(v)))(between);
            const norms = tf.sqrt(tf.sum(tf.square(slope), [1, 2, 3]));
            const penalty = mean(tf.square(tf.sub(norms, 1)));
            return tf.add(tf.sub(mean(D(fake)), mean(D(x))), tf.mul(10, penalty)) as tf.Scalar;
          });
        });
        const generator = update(gOptimizer, weightsOf('G'), () => tf.neg(mean(D(generator28(second!.z!)))));
        return numbers({ critic, generator });
      };
    },

    w5: () => {
      const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
      return async ([feed]) => {
        const { x: image, e } = feed as { x: Tensor; e: Tensor };
        const elbo = update(optimizer, weightsOf('encoder', 'decoder'), () => {
          const x = flat(image);
          const h = tf.relu(dense(x, 'encoder/dense_1'));
          const mu = dense(h, 'encoder/dense_2');
          const logvar = dense(h, 'encoder/dense_3');
          const z = tf.add(mu, tf.mul(tf.exp(tf.div(logvar, 2)), e));
          const logits = dense(tf.relu(dense(z, 'decoder/dense_1')), 'decoder/dense_2');
          const target = tf.div(tf.add(x, 1), 2);
          const reconstruction = mean(tf.sum(tf.sub(tf.softplus(logits), tf.mul(target, logits)), 1));
          const inner = tf.sub(tf.sub(tf.add(1, logvar), tf.square(mu)), tf.exp(logvar));
          return tf.add(reconstruction, mean(tf.mul(-0.5, tf.sum(inner, 1)))) as tf.Scalar;
        });
        return numbers({ elbo });
      };
    },
  };

  return workloads[workload]!();
}
