"""Operations of the language as a PyTorch user writes them, one expression a record. Speaks the benchmark's protocol.

  python operations.py THREADS

A function gets the operands `x` (examples first where they are per example), the attributes `a`, the weights,
statistics and draws `w` by name, and the examples' axis `n` (1, or 0 where the operand is whole). Pictures are given as
PyTorch wants them, [n, c, h, w]; what is made of them is turned back for the comparison, outside of the time.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

threads = int(sys.argv[1])
torch.set_num_threads(threads)
# With one thread: of the processor's own time, which other work on the machine does not lengthen.
clock = time.process_time if threads == 1 else time.perf_counter


def axes(a, n):
    return [d + n for d in a["axes"]] + ([0] if a.get("batch") else [])


def reduce(f):
    return lambda x, a, w, n: f(x[0], axes(a, n), a["keep"])


def unary(f):
    return lambda x, a, w, n: f(x[0])


def binary(f):
    return lambda x, a, w, n: f(*aligned(x, n))


def compare(f):
    return binary(lambda p, q: f(p, q).float())


def aligned(x, n):
    """Ranks as broadcasting per example wants them; `batched` says whose first axis is the examples'."""
    rank = max(t.dim() - b for t, b in zip(x, batched))
    return [t.reshape(t.shape[:1] + (1,) * (rank - t.dim() + 1) + t.shape[1:]) if b else t for t, b in zip(x, batched)]


batched = []


def sides(size, kernel, stride, dilation, padding):
    """TensorFlow's "same": the odd pixel after."""
    if padding == "valid":
        return (0, 0)
    if padding != "same":
        return (padding, padding)
    span = (kernel - 1) * dilation + 1
    total = max(0, (-(-size // stride) - 1) * stride + span - size)
    return (total // 2, total - total // 2)


def margins(size, kernel, a):
    dilation = a.get("dilation", [1, 1])
    pads = [sides(size[i], kernel[i], a["stride"][i], dilation[i], a["padding"]) for i in (0, 1)]
    # A sequence is a picture of height 1, which pixels of padding leave alone.
    if a.get("sequence"):
        pads[0] = (0, 0)
    return pads


def conv(x, k, a, bias=None):
    """`k` is [out, in / groups, h, w]."""
    (t, b), (l, r) = margins(x.shape[2:], k.shape[2:], a)
    even = t == b and l == r
    return F.conv2d(
        x if even else F.pad(x, (l, r, t, b)), k, bias, a["stride"], (t, l) if even else 0, a["dilation"], a["groups"]
    )


def conv_input(dy, k, a, size):
    (t, b), (l, r) = margins(size, k.shape[2:], a)
    wide = (size[0] + t + b, size[1] + l + r)
    y = torch.nn.grad.conv2d_input(
        (dy.shape[0], k.shape[1] * a["groups"], *wide), k, dy, a["stride"], 0, a["dilation"], a["groups"]
    )
    return y[:, :, t : t + size[0], l : l + size[1]]


def conv_filter(x, dy, a):
    kh, kw = a["kernel"]
    (t, b), (l, r) = margins(x.shape[2:], (kh, kw), a)
    shape = (dy.shape[1], x.shape[1] // a["groups"], kh, kw)
    return torch.nn.grad.conv2d_weight(F.pad(x, (l, r, t, b)), shape, dy, a["stride"], 0, a["dilation"], a["groups"])


def up(x, k, a, bias):
    """A transposed convolution whose kernel is [in, out, h, w]."""
    if a["padding"] != "same":
        p = 0 if a["padding"] == "valid" else a["padding"]
        return F.conv_transpose2d(x, k, bias, a["stride"], (0, p) if a.get("sequence") else p)
    size = [x.shape[2] * a["stride"][0], x.shape[3] * a["stride"][1]]
    (t, _), (l, _) = margins(size, k.shape[2:], a)
    return F.conv_transpose2d(x, k, bias, a["stride"])[:, :, t : t + size[0], l : l + size[1]]


def pool(x, a, kind):
    (t, b), (l, r) = margins(x.shape[2:], a["kernel"], a)
    k, s = a["kernel"], a["stride"]
    if t == b and l == r:
        return F.max_pool2d(x, k, s, (t, l)) if kind == "max" else F.avg_pool2d(x, k, s, (t, l), count_include_pad=False)
    if kind == "max":
        return F.max_pool2d(F.pad(x, (l, r, t, b), value=-3e38), k, s)
    ones = F.pad(torch.ones(1, 1, *x.shape[2:]), (l, r, t, b))
    return F.avg_pool2d(F.pad(x, (l, r, t, b)), k, s) / F.avg_pool2d(ones, k, s)


@torch.enable_grad()
def pool_gradient(x, dy, a, kind):
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(pool(x, a, kind), x, dy, create_graph=dy.requires_grad)[0]


def pool_select(x, y, a):
    (t, b), (l, r) = margins(x.shape[2:], a["kernel"], a)
    wide = F.pad(x, (l, r, t, b), value=-3e38)
    at = F.max_pool2d(wide, a["kernel"], a["stride"], return_indices=True)[1]
    return F.pad(y, (l, r, t, b)).flatten(2).gather(2, at.flatten(2)).view(at.shape)


def group_mean(x, groups):
    n = x.shape[0]
    runs = x.reshape(groups, n // groups, -1)
    return runs.mean(1, keepdim=True).expand_as(runs).reshape(x.shape)


def stddev(x, a):
    """[n, c, h, w]: one channel more."""
    n = a["groups"]
    runs = x.reshape(n, x.shape[0] // n, -1)
    deviation = (runs.var(1, correction=0) + 1e-8).sqrt()
    mean = deviation.reshape(n, -1).mean(1)
    each = mean.repeat_interleave(x.shape[0] // n).view(-1, 1, 1, 1)
    return torch.cat([x, each.expand(-1, 1, *x.shape[2:])], 1)


def affine(w):
    return w.get("gamma"), w.get("beta")


def layer_norm(x, w):
    return F.layer_norm(x, x.shape[-1:], *affine(w))


def dense(x, w, a):
    k = w["kernel"]
    if a.get("norm") == "spectral":
        k = k / (w["u"] @ k @ w["v"])
    return F.linear(x, k.t(), w.get("bias"))


def on_pictures(f):
    """`f` gets pictures as [n, c, h, w], sequences as [n, c, 1, l]."""
    f.pictures = True
    return f


def padded(x, a):
    (t, l), (b, r) = a["before"][:2], a["after"][:2]
    mode = {"zero": "constant", "reflect": "reflect", "edge": "replicate"}[a.get("mode", "zero")]
    return F.pad(x, (l, r, t, b), mode)


def cropped(x, a):
    (t, l), (b, r) = a["before"][:2], a["after"][:2]
    return x[:, :, t : x.shape[2] - b, l : x.shape[3] - r].contiguous()


def border_gradient(dy, a):
    """The transpose of a border: PyTorch has it as the gradient of its padding alone."""
    size = [n - p - q for n, p, q in zip(dy.shape[2:], a["before"], a["after"])]
    with torch.enable_grad():
        x = torch.zeros(*dy.shape[:2], *size, requires_grad=True)
        return torch.autograd.grad(padded(x, a), x, dy, create_graph=dy.requires_grad)[0]


def zero_pad(x, a, n):
    sides = [side for p in zip(reversed(a["before"]), reversed(a["after"])) for side in p]
    return F.pad(x, sides)


def sliced(x, axis, start, end):
    return x.narrow(axis, start, end - start).contiguous()


def resize(x, a, mode):
    extra = {"align_corners": False} if mode == "bilinear" else {}
    return F.interpolate(x, scale_factor=tuple(a["factor"]), mode=mode, **extra)


@torch.enable_grad()
def resize_gradient(dy, a):
    fh, fw = a["factor"]
    x = torch.zeros(*dy.shape[:2], dy.shape[2] // fh, dy.shape[3] // fw, requires_grad=True)
    return torch.autograd.grad(resize(x, a, "bilinear"), x, dy, create_graph=dy.requires_grad)[0]


def blocks(x, size):
    """TensorFlow's order of channels, [n, h, w, b, b, c], on pictures of channels last."""
    n, h, w, c = x.shape
    d = c // size**2
    return x.view(n, h, w, size, size, d).permute(0, 1, 3, 2, 4, 5).reshape(n, h * size, w * size, d)


def depth(x, size):
    n, h, w, c = x.shape
    return x.view(n, h // size, size, w // size, size, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h // size, w // size, -1)


def one_hot(x, n):
    i = x.long()
    return F.one_hot(i.clamp(0, n - 1), n).float()


def concat(x, a, n):
    examples = max(t.shape[0] for t, b in zip(x, batched) if b) if n else 0
    return torch.cat([t if b or not n else t.expand(examples, *t.shape) for t, b in zip(x, batched)], a["axis"] + n)


def matmul(x, a):
    p, q = [t.transpose(-1, -2) if a[key] else t for t, key in zip(x, ("transposeA", "transposeB"))]
    return torch.matmul(p, q)


def log_sum(x, d, keep):
    return torch.logsumexp(x, d, keep)


TABLE = {
    "relu": unary(F.relu),
    "leaky_relu": lambda x, a, w, n: F.leaky_relu(x[0], a["slope"]),
    "step": lambda x, a, w, n: torch.where(x[0] > 0, 1.0, a["low"]),
    "elu": unary(F.elu),
    "selu": unary(F.selu),
    "gelu": unary(F.gelu),
    "silu": unary(F.silu),
    "tanh": unary(torch.tanh),
    "sigmoid": unary(torch.sigmoid),
    "softplus": unary(F.softplus),
    "exp": unary(torch.exp),
    "log": unary(torch.log),
    "sqrt": unary(torch.sqrt),
    "rsqrt": unary(torch.rsqrt),
    "square": unary(torch.square),
    "abs": unary(torch.abs),
    "sign": unary(torch.sign),
    "sin": unary(torch.sin),
    "cos": unary(torch.cos),
    "erf": unary(torch.erf),
    "floor": unary(torch.floor),
    "clamp": lambda x, a, w, n: torch.clamp(x[0], a["lo"], a["hi"]),
    "neg": unary(torch.neg),
    "not": unary(lambda x: (x == 0).float()),
    "add": binary(torch.add),
    "sub": binary(torch.sub),
    "mul": binary(torch.mul),
    "div": binary(torch.div),
    "div_safe": binary(lambda p, q: torch.where(q == 0, 0.0, p / q)),
    "mod": binary(torch.remainder),
    "pow": binary(torch.pow),
    "minimum": binary(torch.minimum),
    "maximum": binary(torch.maximum),
    "eq": compare(torch.eq),
    "ne": compare(torch.ne),
    "lt": compare(torch.lt),
    "le": compare(torch.le),
    "gt": compare(torch.gt),
    "ge": compare(torch.ge),
    "and": compare(torch.logical_and),
    "or": compare(torch.logical_or),
    "where": binary(lambda c, p, q: torch.where(c != 0, p, q)),
    "sum": reduce(lambda x, d, keep: x.sum(d, keep)),
    "mean": reduce(lambda x, d, keep: x.mean(d, keep)),
    "max": reduce(torch.amax),
    "min": reduce(torch.amin),
    "norm": reduce(lambda x, d, keep: torch.linalg.vector_norm(x, 2, d, keep)),
    "logsumexp": reduce(log_sum),
    "var": reduce(lambda x, d, keep: torch.var(x, d, correction=0, keepdim=keep)),
    "expect": lambda x, a, w, n: x[0].mean(0),
    "softmax": lambda x, a, w, n: torch.softmax(x[0], a["axis"] + n),
    "log_softmax": lambda x, a, w, n: torch.log_softmax(x[0], a["axis"] + n),
    "broadcast_to": lambda x, a, w, n: (
        x[0].expand(*([a["examples"]] if a["count"] else []), *a["shape"]).contiguous()
    ),
    "reshape": lambda x, a, w, n: x[0].reshape(*x[0].shape[:n], *a["shape"]),
    "flatten": lambda x, a, w, n: x[0].flatten(1),
    "transpose": lambda x, a, w, n: x[0].permute(*range(n), *[d + n for d in a["axes"]]).contiguous(),
    "concat": lambda x, a, w, n: concat(x, a, n),
    "slice": lambda x, a, w, n: sliced(x[0], a["axis"] + n, a["from"], a["to"]),
    "split": lambda x, a, w, n: sliced(x[0], a["axis"] + n, 0, a["sizes"][0]),
    "flip": lambda x, a, w, n: torch.flip(x[0], [d + n for d in a["axis"]]),
    "crop": on_pictures(lambda x, a, w, n: cropped(x[0], a)),
    "zero_pad": lambda x, a, w, n: zero_pad(x[0], a, n),
    "border_pad": on_pictures(lambda x, a, w, n: padded(x[0], a)),
    "border_pad_gradient": on_pictures(lambda x, a, w, n: border_gradient(x[0], a)),
    "pad": on_pictures(lambda x, a, w, n: padded(x[0], a)),
    "upsample": on_pictures(lambda x, a, w, n: resize(x[0], a, a["method"])),
    "upsample_nearest": on_pictures(lambda x, a, w, n: resize(x[0], a, "nearest")),
    "upsample_bilinear": on_pictures(lambda x, a, w, n: resize(x[0], a, "bilinear")),
    "upsample_bilinear_gradient": on_pictures(lambda x, a, w, n: resize_gradient(x[0], a)),
    "depth_to_space": lambda x, a, w, n: blocks(x[0], a["size"]),
    "space_to_depth": lambda x, a, w, n: depth(x[0], a["size"]),
    "matmul": lambda x, a, w, n: matmul(x, a),
    "linear": lambda x, a, w, n: F.linear(x[0], x[1] if a["transpose"] else x[1].t()),
    "linear_kernel_gradient": lambda x, a, w, n: x[0].view(-1, x[0].shape[-1]).t() @ x[1].view(-1, x[1].shape[-1]),
    "conv2d": on_pictures(lambda x, a, w, n: conv(x[0], x[1], a)),
    "conv2d_input_gradient": on_pictures(lambda x, a, w, n: conv_input(x[0], x[1], a, a["size"])),
    "conv2d_filter_gradient": on_pictures(lambda x, a, w, n: conv_filter(x[0], x[1], a)),
    "convolve": on_pictures(lambda x, a, w, n: conv(x[0], x[1], a)),
    "avg_pool2d": on_pictures(lambda x, a, w, n: pool(x[0], a, "avg")),
    "avg_pool2d_gradient": on_pictures(
        lambda x, a, w, n: pool_gradient(torch.zeros(*x[0].shape[:2], *a["size"]), x[0], a, "avg")
    ),
    "max_pool2d": on_pictures(lambda x, a, w, n: pool(x[0], a, "max")),
    "max_pool2d_gradient": on_pictures(lambda x, a, w, n: pool_gradient(x[0], x[1], a, "max")),
    "max_pool2d_select": on_pictures(lambda x, a, w, n: pool_select(x[0], x[1], a)),
    "avg_pool": on_pictures(lambda x, a, w, n: pool(x[0], a, "avg")),
    "max_pool": on_pictures(lambda x, a, w, n: pool(x[0], a, "max")),
    "global_avg_pool": on_pictures(lambda x, a, w, n: x[0].mean((2, 3))),
    "dropout": lambda x, a, w, n: x[0] * ((w["u0"] < 1 - a["rate"]) * (1 / (1 - a["rate"]))),
    "group_mean": lambda x, a, w, n: group_mean(x[0], a["groups"]),
    "minibatch_stddev": on_pictures(lambda x, a, w, n: stddev(x[0], a)),
    "one_hot": lambda x, a, w, n: one_hot(x[0], a["n"]),
    "dense": lambda x, a, w, n: dense(x[0], w, a),
    "embed": lambda x, a, w, n: x[0] @ w["kernel"],
    "conv": on_pictures(lambda x, a, w, n: conv(x[0], w["kernel"], a, w.get("bias"))),
    "conv_transpose": on_pictures(lambda x, a, w, n: up(x[0], w["kernel"], a, w.get("bias"))),
    "batch_norm": on_pictures(lambda x, a, w, n: F.batch_norm(x[0], None, None, *affine(w), training=True)),
    "layer_norm": lambda x, a, w, n: layer_norm(x[0], w),
    "instance_norm": on_pictures(lambda x, a, w, n: F.instance_norm(x[0], weight=w.get("gamma"), bias=w.get("beta"))),
    "group_norm": on_pictures(lambda x, a, w, n: F.group_norm(x[0], a["groups"], *affine(w))),
}

KERNELS = {"kernel"}


def turned(t, is_batch, is_kernel, back=False):
    """Between our layouts and PyTorch's: pictures [n, h, w, c], sequences [n, l, c], kernels [h, w, in, out]."""
    if is_kernel and t.dim() == 4:
        return t.permute(2, 3, 1, 0) if back else t.permute(3, 2, 0, 1).contiguous()
    if is_kernel and t.dim() == 3:
        return turned(t[None], False, True)
    if is_batch and t.dim() == 4:
        return t.permute(0, 2, 3, 1) if back else t.permute(0, 3, 1, 2).contiguous()
    if is_batch and t.dim() == 3 and not back:
        return turned(t[:, None], True, False)
    return t


def check(t):
    """A number that depends on every entry and its place."""
    flat = t.detach().double().reshape(-1)
    places = torch.arange(flat.numel(), dtype=torch.int64)
    return (flat * ((places * 7919 % 1009 + 1).double() / 1009)).sum().item()


class Case:
    def __init__(self, file, case):
        data = load_file(file)
        f = TABLE.get(case["name"])
        if f is None:
            raise KeyError("no expression in PyTorch's table")
        self.f, self.a = f, dict(case["attrs"], examples=case["examples"])
        global batched
        batched = [bool(b) for b in case["batched"]]
        self.batched = batched
        self.n = 1 if any(batched) else 0
        self.pictures = getattr(f, "pictures", False)
        self.x = [self.give(data[f"x{i}"], b) for i, b in enumerate(batched)]
        self.a["sequence"] = self.pictures and data["x0"].dim() == 3
        self.w = {k[2:]: self.give(v, False, k[2:] in KERNELS) for k, v in data.items() if k.startswith("w/")}
        self.w.update({k[2:]: v for k, v in data.items() if k.startswith("d/")})
        self.wrt = [self.x[int(k[1:])] if k[0] == "x" and k[1:].isdigit() else self.w[k] for k in case["wrt"]]
        for t in self.wrt:
            t.requires_grad_(True)
        y = self.forward()
        self.r = data["r"]
        if self.pictures:
            self.r = turned(self.r, case["perExample"], not case["perExample"])
        self.r = self.r.reshape(y.shape)

    def give(self, t, is_batch, is_kernel=None):
        return turned(t, is_batch, not is_batch if is_kernel is None else is_kernel) if self.pictures else t

    def forward(self):
        return self.f(self.x, self.a, self.w, self.n)

    def back(self, t):
        if not self.pictures or t.dim() < 4:
            return t
        return turned(t, True, False, True)

    def both(self):
        y = self.forward()
        return y, torch.autograd.grad(y, self.wrt, self.r, allow_unused=True)

    def checks(self, case):
        y = self.forward()
        checks = [check(self.kernel(y) if not case["perExample"] and self.pictures else self.back(y))]
        if self.wrt and y.requires_grad:
            for t, g in zip(self.wrt, self.both()[1]):
                is_kernel = self.pictures and t.dim() == 4 and not self.is_picture(t)
                checks.append(0.0 if g is None else check(self.kernel(g) if is_kernel else self.back(g)))
        return checks

    def kernel(self, t):
        return t.permute(2, 3, 1, 0) if t.dim() == 4 else t

    def is_picture(self, t):
        return any(t is x for x, b in zip(self.x, self.batched) if b)


def answer(x):
    print(json.dumps(x), flush=True)


def calls(f, ms):
    """Calls for about so long; the mean of one."""
    begin, count = clock(), 0
    while True:
        f()
        count += 1
        spent = 1000 * (clock() - begin)
        if spent >= ms:
            return spent / count


case = None
answer({"ready": torch.__version__})
for line in sys.stdin:
    request = json.loads(line)
    try:
        if request["ask"] == "operation":
            case = Case(request["file"], request["case"])
            answer({"checks": case.checks(request["case"])})
        elif request["ask"] == "time":
            if request["what"] == "forward":
                with torch.no_grad():
                    answer({"ms": calls(case.forward, request["ms"])})
            else:
                answer({"ms": calls(case.both, request["ms"])})
        else:
            break
    except Exception as error:
        answer({"error": str(error).splitlines()[0][:200] if str(error) else type(error).__name__})
