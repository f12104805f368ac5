"""Writes layers.json: what PyTorch (2.13.0, CPU, float64) makes of layers, pooling and padding, and their gradients.

    python test/gradients/layers.py > test/gradients/layers.json

Arrays lie as ganc has them: [batch, height, width, channels]; kernels [height, width, in / groups, out], those of
transposed convolutions [height, width, out, in]. Each case has the operation, its resolved arguments, inputs, weights,
the result, and the gradients of sum(r * result) by the input and each weight.
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(0)
cases = []


def rand(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def nchw(x):
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x.permute(0, 2, 1)


def nhwc(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x.permute(0, 2, 1)


def array(x):
    x = x.detach().contiguous()
    return {"shape": list(x.shape), "data": [float(f"{v:.12g}") for v in x.flatten().tolist()]}


def case(op, attrs, x, weights, f, stats=None, training=True, moved=None):
    x = x.clone().requires_grad_(True)
    weights = {k: w.clone().requires_grad_(True) for k, w in weights.items()}
    y = f(x, weights)
    r = rand(*y.shape)
    grads = torch.autograd.grad((r * y).sum(), [x, *weights.values()])
    cases.append({
        "op": op, "attrs": attrs, "training": training, "x": array(x),
        "weights": {k: array(w) for k, w in weights.items()},
        "stats": {k: array(s) for k, s in (stats or {}).items()},
        "y": array(y), "r": array(r),
        "dx": array(grads[0]),
        "dw": {k: array(g) for k, g in zip(weights, grads[1:])},
        "moved": {k: array(s) for k, s in (moved or {}).items()},
    })


def conv_attrs(**given):
    return {"stride": [1, 1], "padding": "same", "dilation": [1, 1], "groups": 1, "bias": True,
            "norm": "none", "init": None, **given}


def same(x, kernel, stride):
    """TensorFlow's padding: enough for ceil(n / stride) windows, the odd pixel after."""
    for axis, (k, s) in zip((2, 3), zip(kernel, stride)):
        n = x.shape[axis]
        total = max((-(-n // s) - 1) * s + k - n, 0)
        pad = (total // 2, total - total // 2)
        x = F.pad(x, (0, 0, *pad) if axis == 2 else pad)
    return x


oihw = lambda k: k.permute(3, 2, 0, 1)
for size, kernel, stride in [((7, 6), (5, 5), (2, 2)), ((5, 8), (3, 4), (3, 2)), ((4, 4), (1, 1), (2, 2))]:
    case("conv", conv_attrs(filters=4, kernel=kernel, stride=stride), rand(2, *size, 3),
         {"kernel": rand(*kernel, 3, 4), "bias": rand(4)},
         lambda x, w: nhwc(F.conv2d(same(nchw(x), kernel, stride), oihw(w["kernel"]), w["bias"], stride)))
case("conv", conv_attrs(filters=4, kernel=[3, 3], stride=[2, 2], padding=1, groups=2), rand(2, 6, 5, 4),
     {"kernel": rand(3, 3, 2, 4), "bias": rand(4)},
     lambda x, w: nhwc(F.conv2d(nchw(x), oihw(w["kernel"]), w["bias"], 2, 1, 1, 2)))
case("conv", conv_attrs(filters=2, kernel=[3, 2], padding=2, dilation=[2, 3], bias=False), rand(2, 6, 7, 2),
     {"kernel": rand(3, 2, 2, 2)},
     lambda x, w: nhwc(F.conv2d(nchw(x), oihw(w["kernel"]), None, 1, 2, (2, 3))))
case("conv", conv_attrs(filters=3, kernel=[1, 4], stride=[1, 2], padding=1), rand(2, 9, 2),
     {"kernel": rand(4, 2, 3), "bias": rand(3)},
     lambda x, w: nhwc(F.conv1d(nchw(x), w["kernel"].permute(2, 1, 0), w["bias"], 2, 1)))

case("conv_transpose", conv_attrs(filters=2, kernel=[4, 4], stride=[2, 2], padding=1), rand(2, 3, 4, 3),
     {"kernel": rand(4, 4, 2, 3), "bias": rand(2)},
     lambda x, w: nhwc(F.conv_transpose2d(nchw(x), oihw(w["kernel"]), w["bias"], 2, 1)))
case("conv_transpose", conv_attrs(filters=2, kernel=[3, 2], stride=[3, 1], padding="valid"), rand(2, 3, 4, 2),
     {"kernel": rand(3, 2, 2, 2), "bias": rand(2)},
     lambda x, w: nhwc(F.conv_transpose2d(nchw(x), oihw(w["kernel"]), w["bias"], (3, 1))))
# "same": 2n + 3 positions without padding, of which TensorFlow takes 1 away before and 2 after.
case("conv_transpose", conv_attrs(filters=2, kernel=[5, 5], stride=[2, 2]), rand(2, 3, 2, 3),
     {"kernel": rand(5, 5, 2, 3), "bias": rand(2)},
     lambda x, w: nhwc(F.conv_transpose2d(nchw(x), oihw(w["kernel"]), None, 2)[:, :, 1:-2, 1:-2]) + w["bias"])
case("conv_transpose", conv_attrs(filters=2, kernel=[1, 4], stride=[1, 2], padding=1), rand(2, 5, 3),
     {"kernel": rand(4, 2, 3), "bias": rand(2)},
     lambda x, w: nhwc(F.conv_transpose1d(nchw(x), w["kernel"].permute(2, 1, 0), w["bias"], 2, 1)))

dense = {"units": 4, "bias": True, "norm": "none", "init": None}
case("dense", dense, rand(3, 2, 5), {"kernel": rand(5, 4), "bias": rand(4)},
     lambda x, w: F.linear(x, w["kernel"].T, w["bias"]))
u, v = F.normalize(rand(5), dim=0), F.normalize(rand(4), dim=0)
case("dense", {**dense, "norm": "spectral"}, rand(3, 5), {"kernel": rand(5, 4), "bias": rand(4)},
     lambda x, w: F.linear(x, (w["kernel"] / torch.dot(u, w["kernel"] @ v)).T, w["bias"]), {"u": u, "v": v})
u, v = F.normalize(rand(18), dim=0), F.normalize(rand(3), dim=0)
case("conv", conv_attrs(filters=3, kernel=[3, 3], padding=1, norm="spectral"), rand(2, 4, 4, 2),
     {"kernel": rand(3, 3, 2, 3), "bias": rand(3)},
     lambda x, w: nhwc(F.conv2d(
         nchw(x), oihw(w["kernel"] / torch.dot(u, w["kernel"].reshape(18, 3) @ v)), w["bias"], 1, 1)),
     {"u": u, "v": v})
labels = torch.tensor([2, 0, 1, 2])
case("embed", {"units": 3, "classes": None, "init": None}, F.one_hot(labels, 4).double(), {"kernel": rand(4, 3)},
     lambda x, w: F.embedding(labels, w["kernel"]) + 0 * x.sum() + (x - x.detach()) @ w["kernel"])

affine = lambda c: {"gamma": rand(c), "beta": rand(c)}
for shape in [(5, 3), (3, 4, 2, 3), (4, 6, 2)]:
    mean, var = torch.zeros(shape[-1], dtype=torch.float64), torch.ones(shape[-1], dtype=torch.float64)
    x = rand(*shape)
    first = lambda x: x if x.dim() == 2 else nchw(x)
    last = lambda x: x if x.dim() == 2 else nhwc(x)
    m, s = mean.clone(), var.clone()
    F.batch_norm(first(x), m, s, training=True)
    case("batch_norm", {"affine": True}, x, affine(shape[-1]),
         lambda x, w: last(F.batch_norm(first(x), mean.clone(), var.clone(), w["gamma"], w["beta"], True)),
         {"mean": mean, "variance": var}, True, {"mean": m, "variance": s})
    mean, var = rand(shape[-1]), rand(shape[-1]) ** 2
    case("batch_norm", {"affine": True}, x, affine(shape[-1]),
         lambda x, w: last(F.batch_norm(first(x), mean, var, w["gamma"], w["beta"], False)),
         {"mean": mean, "variance": var}, False)
case("layer_norm", {"affine": True}, rand(2, 3, 5), affine(5),
     lambda x, w: F.layer_norm(x, (5,), w["gamma"], w["beta"]))
case("instance_norm", {"affine": True}, rand(2, 3, 4, 3), affine(3),
     lambda x, w: nhwc(F.instance_norm(nchw(x), None, None, w["gamma"], w["beta"])))
case("group_norm", {"affine": True, "groups": 2}, rand(2, 3, 2, 6), affine(6),
     lambda x, w: nhwc(F.group_norm(nchw(x), 2, w["gamma"], w["beta"])))
case("group_norm", {"affine": True, "groups": 3}, rand(2, 6), affine(6),
     lambda x, w: F.group_norm(x, 3, w["gamma"], w["beta"]))

pool = {"kernel": [3, 3], "stride": [2, 2], "padding": 1}
case("max_pool", pool, rand(2, 6, 5, 2), {}, lambda x, w: nhwc(F.max_pool2d(nchw(x), 3, 2, 1)))
case("avg_pool", pool, rand(2, 6, 5, 2), {},
     lambda x, w: nhwc(F.avg_pool2d(nchw(x), 3, 2, 1, count_include_pad=False)))
case("max_pool", {"kernel": [1, 3], "stride": [1, 2], "padding": 1}, rand(2, 7, 2), {},
     lambda x, w: nhwc(F.max_pool1d(nchw(x), 3, 2, 1)))
case("upsample", {"factor": [2, 3], "method": "bilinear"}, rand(2, 3, 4, 2), {},
     lambda x, w: nhwc(F.interpolate(nchw(x), scale_factor=(2, 3), mode="bilinear", align_corners=False)))
case("upsample", {"factor": [2, 3], "method": "nearest"}, rand(2, 3, 4, 2), {},
     lambda x, w: nhwc(F.interpolate(nchw(x), scale_factor=(2, 3), mode="nearest")))
around = {"before": [2, 1, 0], "after": [2, 1, 0]}
case("pad", {**around, "mode": "reflect"}, rand(2, 4, 3, 2), {},
     lambda x, w: nhwc(F.pad(nchw(x), (1, 1, 2, 2), mode="reflect")))
case("pad", {**around, "mode": "edge"}, rand(2, 4, 3, 2), {},
     lambda x, w: nhwc(F.pad(nchw(x), (1, 1, 2, 2), mode="replicate")))
case("global_avg_pool", {}, rand(2, 4, 3, 2), {}, lambda x, w: F.adaptive_avg_pool2d(nchw(x), 1)[:, :, 0, 0])


def stddev(x, w):
    """Karras et al. 2018, with the whole batch as one group."""
    y = x - x.mean(0, keepdim=True)
    s = (y.square().mean(0) + 1e-8).sqrt().mean()
    return torch.cat([x, s.expand(*x.shape[:-1], 1)], -1)


case("minibatch_stddev", {"groups": 1}, rand(4, 3, 2, 2), {}, stddev)
# Groups are runs of neighbours here.
case("minibatch_stddev", {"groups": 2}, rand(4, 3), {},
     lambda x, w: torch.cat([stddev(x[:2], w), stddev(x[2:], w)]))
print(json.dumps(cases, separators=(",", ":")))
