"""Writes conventions.json: where PyTorch (2.13.0, CPU, float64) or common code decides otherwise, and what it gives.

    python test/gradients/conventions.py > test/gradients/conventions.json

Arrays lie as ganc has them: [batch, height, width, channels], kernels of transposed convolutions [height, width, out, in].
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(1)


def rand(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def array(x):
    x = x.detach().contiguous()
    return {"shape": list(x.shape), "data": [float(f"{v:.12g}") for v in x.flatten().tolist()]}


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


out = {}

# ConvTranspose2d(kernel_size=5, stride=2, padding=2, output_padding=1), the usual way to n × stride.
x, k = rand(1, 3, 3, 2), rand(5, 5, 1, 2)
weight = k.permute(3, 2, 0, 1)
out["conv_transpose"] = {
    "x": array(x), "kernel": array(k),
    "torch": array(nhwc(F.conv_transpose2d(nchw(x), weight, stride=2, padding=2, output_padding=1))),
}

x = rand(1, 2, 3, 8)
out["depth_to_space"] = {"x": array(x), "pixel_shuffle": array(nhwc(F.pixel_shuffle(nchw(x), 2)))}

# Six examples in groups of three: examples that follow each other, and StyleGAN's, which are two apart.
x = rand(6, 4)


def deviation(group):
    return torch.sqrt(group.var(dim=0, correction=0) + 1e-8).mean()


runs = torch.stack([deviation(x[3 * (i // 3):3 * (i // 3) + 3]) for i in range(6)])
strided = torch.stack([deviation(x[i % 2::2]) for i in range(6)])
out["minibatch_stddev"] = {"x": array(x), "runs": array(runs), "style_gan": array(strided)}

fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.nn.ConvTranspose2d(3, 5, 4).weight)
out["fans"] = {"in": 3, "out": 5, "kernel": 4, "torch": list(fans)}

# RaSGAN on patches: the mean of each position over the batch, and the mean of everything.
real, fake = rand(4, 2, 2, 1), rand(4, 2, 2, 1)


def relativistic(mean):
    return F.softplus(mean(fake) - real).mean() + F.softplus(fake - mean(real)).mean()


out["relativistic"] = {
    "real": array(real), "fake": array(fake),
    "per_position": relativistic(lambda v: v.mean(0, keepdim=True)).item(),
    "over_all": relativistic(lambda v: v.mean()).item(),
}

# A transposed convolution under a spectral norm: the matrix of the convolution that it transposes, and PyTorch's.
x, k = rand(1, 2, 2, 3), rand(4, 4, 2, 3)
matrix = k.reshape(-1, 3)
left, values, right = torch.linalg.svd(matrix, full_matrices=False)
layer = torch.nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1, bias=False).double()
layer.weight.data = k.permute(3, 2, 0, 1).contiguous()
theirs = torch.linalg.matrix_norm(layer.weight.transpose(0, 1).reshape(2, -1), 2)
normed = torch.nn.utils.parametrizations.spectral_norm(layer, n_power_iterations=500)
out["spectral"] = {
    "x": array(x), "kernel": array(k), "u": array(left[:, 0]), "v": array(right[0]),
    "sigma": values[0].item(), "torch_sigma": theirs.item(),
    "y": array(nhwc(F.conv_transpose2d(nchw(x), k.permute(3, 2, 0, 1) / values[0], stride=2, padding=1))),
    "torch_y": array(nhwc(normed(nchw(x)))),
}

print(json.dumps(out))
