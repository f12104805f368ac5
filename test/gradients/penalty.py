"""Writes penalty.json: WGAN-GP's critic loss and its gradients (PyTorch 2.13.0, CPU, float64, double backward) for the
critic of penalty.gan.

    python test/gradients/penalty.py > test/gradients/penalty.json

Arrays lie as ganc has them: [batch, height, width, channels]; kernels [height, width, in, out], those of transposed
convolutions [height, width, out, in].
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(1)


def rand(*shape, scale=1.0):
    return torch.randn(*shape, dtype=torch.float64) * scale


samples = {"x": rand(3, 6, 6, 2), "fake": rand(3, 6, 6, 2), "mix": torch.rand(3, 1, 1, 1, dtype=torch.float64)}
weights = {
    "D/conv_1/kernel": rand(3, 3, 2, 3, scale=0.4),
    "D/conv_1/bias": rand(3, scale=0.3),
    "D/layer_norm_1/gamma": 1 + rand(3, scale=0.3),
    "D/layer_norm_1/beta": rand(3, scale=0.3),
    "D/conv_2/kernel": rand(2, 3, 3, 4, scale=0.4),
    "D/conv_2/bias": rand(4, scale=0.3),
    "D/conv_transpose_1/kernel": rand(3, 3, 2, 4, scale=0.4),
    "D/conv_transpose_1/bias": rand(2, scale=0.3),
    "D/dense_1/kernel": rand(16, 5, scale=0.5),
    "D/dense_1/bias": rand(5, scale=0.3),
    "D/dense_2/kernel": rand(5, 1, scale=0.7),
    "D/dense_2/bias": rand(1, scale=0.3),
}
for w in weights.values():
    w.requires_grad_(True)


def critic(x):
    """[batch, 6, 6, 2] to [batch, 1]."""
    w = weights
    h = x.permute(0, 3, 1, 2)
    # "same" for 6 pixels, kernel 3, stride 2: one pixel of padding in all, and it comes after.
    h = F.conv2d(F.pad(h, (0, 1, 0, 1)), w["D/conv_1/kernel"].permute(3, 2, 0, 1), w["D/conv_1/bias"], stride=2)
    h = h.permute(0, 2, 3, 1)
    h = torch.tanh(F.layer_norm(h, (3,), w["D/layer_norm_1/gamma"], w["D/layer_norm_1/beta"], eps=1e-5))
    h = h.permute(0, 3, 1, 2)
    h = F.leaky_relu(F.conv2d(h, w["D/conv_2/kernel"].permute(3, 2, 0, 1), w["D/conv_2/bias"]), 0.2)
    # [2, 1] to [4, 2]: all windows' places, less those that "same" leaves out after the end.
    kernel = w["D/conv_transpose_1/kernel"].permute(3, 2, 0, 1)
    h = F.conv_transpose2d(h, kernel, w["D/conv_transpose_1/bias"], stride=2)[:, :, :4, :2]
    h = torch.sigmoid(h).permute(0, 2, 3, 1).reshape(len(x), -1)
    h = F.softplus(h @ w["D/dense_1/kernel"] + w["D/dense_1/bias"])
    return h @ w["D/dense_2/kernel"] + w["D/dense_2/bias"]


between = (samples["mix"] * samples["x"] + (1 - samples["mix"]) * samples["fake"]).requires_grad_(True)
(slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
loss = critic(samples["fake"]).mean() - critic(samples["x"]).mean() + 10 * penalty
only = torch.autograd.grad(penalty, list(weights.values()), retain_graph=True, allow_unused=True)
both = torch.autograd.grad(loss, list(weights.values()))


def array(x):
    x = x.detach().contiguous()
    return {"shape": list(x.shape), "data": [float(f"{v:.12g}") for v in x.flatten().tolist()]}


print(json.dumps({
    "samples": {k: array(v) for k, v in samples.items()},
    "weights": {k: array(v) for k, v in weights.items()},
    "penalty": penalty.item(),
    "critic": loss.item(),
    # The last bias does not reach the slope, so the penalty has no gradient by it.
    "penalty_gradients": {k: array(g) for k, g in zip(weights, only) if g is not None},
    "critic_gradients": {k: array(g) for k, g in zip(weights, both)},
}))
