/** The models of the zoo at sizes that float64 in JavaScript can follow. */
export const tiny: Readonly<Record<string, { set: Record<string, string>; batch: number }>> = {
  'cyclegan.gan': { set: { width: '6', remembered: '3' }, batch: 4 },
  'dcgan.gan': { set: { width: '3', latent: '5', window: '4' }, batch: 4 },
  'ddpm.gan': { set: { turns: '6', width: '8' }, batch: 4 },
  'gan.gan': { set: { width: '8', latent: '5', pieces: '2' }, batch: 4 },
  'maml.gan': { set: { width: '3', shots: '3', tasks: '2' }, batch: 1 },
  'meanflow.gan': { set: { width: '8' }, batch: 16 },
  'mmd-gan.gan': { set: { n: '6', width: '4', latent: '3' }, batch: 6 },
  'realnvp.gan': { set: { width: '4', layers: '3' }, batch: 16 },
  'rgan.gan': { set: { length: '6', width: '3', latent: '2' }, batch: 4 },
  'ring.gan': { set: { width: '8' }, batch: 16 },
  'vae.gan': { set: { width: '8', latent: '3' }, batch: 4 },
  'wgan-gp.gan': { set: { width: '3', latent: '5', window: '4', critic_steps: '2' }, batch: 4 },
};
