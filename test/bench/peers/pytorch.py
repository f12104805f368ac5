"""The workloads as a PyTorch user writes them. Speaks the benchmark's protocol: a JSON object a line.

  python pytorch.py '{"workload": "w2", "inputs": FILE, "threads": 2}'
"""

import json
import re
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file

settings = json.loads(sys.argv[1])
name = settings["workload"]
torch.set_num_threads(settings["threads"])
data = load_file(settings["inputs"])


def rss():
    """The process's highest mark, in MiB."""
    try:
        return int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1]) / 1024
    except OSError:
        pass
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024 / (1024 if sys.platform == "darwin" else 1)


class Same(nn.Module):
    """TensorFlow's "same" padding for stride 2: the odd pixel after."""

    def __init__(self, kernel):
        super().__init__()
        total = kernel - 2
        self.pad = (total // 2, total - total // 2) * 2

    def forward(self, x):
        return F.pad(x, self.pad)


class Up(nn.Module):
    """The transpose of a "same" convolution of stride 2: the full output, cropped where that one pads."""

    def __init__(self, cin, cout, kernel, bias=True):
        super().__init__()
        self.conv = nn.ConvTranspose2d(cin, cout, kernel, 2, 0, bias=bias)
        self.before = (kernel - 2) // 2

    def forward(self, x):
        b, h, w = self.before, x.shape[2] * 2, x.shape[3] * 2
        return self.conv(x)[:, :, b : b + h, b : b + w]


def conv(cin, cout, kernel, bias=True):
    if name == "w2p":
        return nn.Conv2d(cin, cout, kernel, 2, 2, bias=bias)
    return nn.Sequential(Same(kernel), nn.Conv2d(cin, cout, kernel, 2, bias=bias))


class Fold(nn.Module):
    """[n, h·w·c], channels last, to [n, c, h, w]."""

    def __init__(self, h, w, c):
        super().__init__()
        self.shape = (h, w, c)

    def forward(self, x):
        return x.view(-1, *self.shape).permute(0, 3, 1, 2).contiguous()


class Unfold(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def mlp_gan(width):
    g = nn.Sequential(nn.Linear(100, width), nn.ReLU(), nn.Linear(width, 784), nn.Tanh())
    d = nn.Sequential(nn.Linear(784, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))
    return g, d


def conv28(c, norm):
    g = nn.Sequential(
        nn.Linear(100, 49 * 2 * c), Fold(7, 7, 2 * c), nn.BatchNorm2d(2 * c), nn.ReLU(),
        Up(2 * c, c, 5), nn.BatchNorm2d(c), nn.ReLU(), Up(c, 1, 5), nn.Tanh(),
    )  # fmt: skip
    d = nn.Sequential(
        conv(1, c, 5), nn.LeakyReLU(0.2), conv(c, 2 * c, 5), *([nn.BatchNorm2d(2 * c)] if norm else []),
        nn.LeakyReLU(0.2), Unfold(), nn.Linear(49 * 2 * c, 1),
    )  # fmt: skip
    return g, d


def conv64():
    layers = [nn.Linear(100, 8192, bias=False), Fold(4, 4, 512), nn.BatchNorm2d(512), nn.ReLU()]
    for a, b in ((512, 256), (256, 128), (128, 64)):
        layers += [Up(a, b, 4, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    g = nn.Sequential(*layers, Up(64, 3, 4, bias=False), nn.Tanh())
    layers = [conv(3, 64, 4, bias=False), nn.LeakyReLU(0.2)]
    for a, b in ((64, 128), (128, 256), (256, 512)):
        layers += [conv(a, b, 4, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    d = nn.Sequential(*layers, Unfold(), nn.Linear(8192, 1, bias=False))
    return g, d


KINDS = {nn.Linear: "dense", nn.Conv2d: "conv", nn.ConvTranspose2d: "conv_transpose", nn.BatchNorm2d: "batch_norm"}


def put(module, net):
    """The given weights, by kind and order of layer."""
    counts = {}
    for m in module.modules():
        kind = KINDS.get(type(m))
        if kind is None:
            continue
        counts[kind] = counts.get(kind, 0) + 1
        base = f"weights/{net}/{kind}_{counts[kind]}/"
        with torch.no_grad():
            if kind == "batch_norm":
                m.weight.copy_(data[base + "gamma"])
                m.bias.copy_(data[base + "beta"])
                continue
            k = data[base + "kernel"]
            m.weight.copy_(k.t() if kind == "dense" else k.permute(3, 2, 0, 1))
            if m.bias is not None:
                m.bias.copy_(data[base + "bias"])


def feed(step, statement):
    prefix = f"samples/{step}/{statement}/"
    given = {k[len(prefix) :]: v for k, v in data.items() if k.startswith(prefix)}
    if "x" in given:
        x = given["x"]
        given["x"] = x.permute(0, 3, 1, 2).contiguous() if name in ("w2", "w2p", "w3", "w4") else x.flatten(1)
    if name == "w4" and "e" in given:
        given["e"] = given["e"].view(-1, 1, 1, 1)
    return given


WIDE = {"w1": "G/dense_1/bias", "w5": "encoder/dense_1/bias", **dict.fromkeys(("w2", "w2p", "w4"), "D/conv_1/bias")}
width = data["weights/" + WIDE[name]].shape[0] if name in WIDE else 0
feeds = [[feed(i, 0), feed(i, 1)] for i in range(3)]

if name == "w5":
    enc, to_mu, to_logvar = nn.Linear(784, width), nn.Linear(width, 20), nn.Linear(width, 20)
    dec = nn.Sequential(nn.Linear(20, width), nn.ReLU(), nn.Linear(width, 784))
    encoder = nn.ModuleList([enc, to_mu, to_logvar])
    put(encoder, "encoder")
    put(dec, "decoder")
    opt = torch.optim.Adam([*encoder.parameters(), *dec.parameters()], 1e-3)

    def step(i):
        x, e = feeds[i][0]["x"], feeds[i][0]["e"]
        h = F.relu(enc(x))
        mu, logvar = to_mu(h), to_logvar(h)
        logits = dec(mu + torch.exp(logvar / 2) * e)
        loss = F.binary_cross_entropy_with_logits(logits, (x + 1) / 2, reduction="none").sum(1).mean()
        loss = loss + (-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        return {"elbo": loss}

else:
    G, D = {
        "w1": lambda: mlp_gan(width),
        "w2": lambda: conv28(width, True),
        "w2p": lambda: conv28(width, True),
        "w3": conv64,
        "w4": lambda: conv28(width, False),
    }[name]()
    put(G, "G")
    put(D, "D")
    adam = dict(lr=1e-4, betas=(0.0, 0.9)) if name == "w4" else dict(lr=2e-4, betas=(0.5, 0.999))
    d_opt, g_opt = torch.optim.Adam(D.parameters(), **adam), torch.optim.Adam(G.parameters(), **adam)

    def step(i):
        a, b = feeds[i]
        x = a["x"]
        with torch.no_grad():
            fake = G(a["z"])
        if name == "w4":
            between = (a["e"] * x + (1 - a["e"]) * fake).requires_grad_(True)
            (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
            d_loss = D(fake).mean() - D(x).mean() + 10 * (slope.flatten(1).norm(dim=1) - 1).square().mean()
        else:
            d_loss = F.softplus(-D(x)).mean() + F.softplus(D(fake)).mean()
        d_opt.zero_grad()
        d_loss.backward()
        d_opt.step()
        out = D(G(b["z"]))
        g_loss = -out.mean() if name == "w4" else F.softplus(-out).mean()
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()
        return {"critic": d_loss, "generator": g_loss} if name == "w4" else {"d_loss": d_loss, "g_loss": g_loss}


def answer(x):
    print(json.dumps(x), flush=True)


start = rss()
answer({"ready": f"PyTorch {torch.__version__}"})
for line in sys.stdin:
    request = json.loads(line)
    if request["ask"] == "steps":
        losses, ms = [], []
        for i in range(request["from"], request["from"] + request["count"]):
            begin = time.perf_counter()
            losses.append({k: v.item() for k, v in step(i % 3).items()})
            ms.append(1000 * (time.perf_counter() - begin))
        answer({"losses": losses, "ms": ms})
    elif request["ask"] == "memory":
        answer({"peak": rss(), "start": start, "wasm": None, "used": None, "tensors": None})
    else:
        break
