"""Writes programs.json: losses and their gradients (PyTorch 2.13.0, CPU, float64) of small whole programs.

    python test/gradients/programs.py > test/gradients/programs.json

Each program takes one step of gradient descent at rate 1, so what its weights lose is the gradient. Kernels of dense layers
are [in, out], as ganc has them.
"""
import json

import torch
import torch.nn.functional as F
from torch.func import grad, jvp, vmap

torch.manual_seed(2)


def rand(*shape, scale=1.0):
    return torch.randn(*shape, dtype=torch.float64) * scale


def dense(name, n, m):
    return {f"{name}/kernel": rand(n, m, scale=0.6), f"{name}/bias": rand(m, scale=0.3)}


def linear(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def array(x):
    x = x.detach().contiguous().to(torch.float64)
    return {"shape": list(x.shape), "data": [float(f"{v:.15g}") for v in x.flatten().tolist()]}


def program(text, samples, weights, losses):
    """`losses` gives the values by name; the first is minimised."""
    for w in weights.values():
        w.requires_grad_(True)
    values = losses(weights)
    loss = next(iter(values.values()))
    # A weight may not reach the loss.
    gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True, materialize_grads=True)
    return {
        "text": text,
        "samples": {k: array(v) for k, v in samples.items()},
        "weights": {k: array(v) for k, v in weights.items()},
        "losses": {k: v.item() for k, v in values.items()},
        "gradients": {k: array(g) for k, g in zip(weights, gradients)},
    }


def fresh(weights):
    return {k: v.detach().clone() for k, v in weights.items()}


programs = {}

# MeanFlow, algorithm 1 of Geng et al. 2025. r hangs on t where they are equal: as inputs they are independent.
text = """data x ~ [2]
noise e ~ normal[2]
noise times ~ normal(-0.4, 1)[2]
noise apart ~ bernoulli(0.5)[1]
net u(z: [2], r: [1], t: [1]) -> [2] = concat(z, t, t - r) |> dense(7) |> silu |> dense(6) |> tanh |> dense(2)
let (a, b) = split(sigmoid(times), [1, 1])
let t = maximum(a, b)
let r = where(apart, minimum(a, b), t)
let z = (1 - t) * x + t * e
let v = e - x
let along = u(z, r, t)
let du = jvp(along, (z, r, t), (v, 0, 1))
let target = v - (t - r) * du
loss mean_flow = expect(sum(square(along - TARGET)))
train (batch = 6, steps = 1) { sample x, e, times, apart  update u to minimize mean_flow with sgd(1) }
"""
flow = {"x": rand(6, 2), "e": rand(6, 2), "times": rand(6, 2), "apart": torch.tensor([[1.0], [0], [1], [0], [0], [1]])}
weights = dense("u/dense_1", 4, 7) | dense("u/dense_2", 7, 6) | dense("u/dense_3", 6, 2)


def mean_flow(w, stop):
    def u(z, r, t):
        h = F.silu(linear(w, "u/dense_1", torch.cat([z, t, t - r], 1)))
        return linear(w, "u/dense_3", torch.tanh(linear(w, "u/dense_2", h)))

    a, b = torch.sigmoid(flow["times"]).split(1, 1)
    t = torch.maximum(a, b)
    r = torch.where(flow["apart"] > 0, torch.minimum(a, b), t)
    z = (1 - t) * flow["x"] + t * flow["e"]
    v = flow["e"] - flow["x"]
    along, du = jvp(u, (z, r, t), (v, torch.zeros_like(r), torch.ones_like(t)))
    target = v - (t - r) * du
    return {"mean_flow": (along - (target.detach() if stop else target)).square().sum(1).mean()}


programs["MeanFlow"] = program(text.replace("TARGET", "stop(target)"), flow, weights, lambda w: mean_flow(w, True))
programs["MeanFlow with gradients through its target"] = program(
    text.replace("TARGET", "target"), flow, fresh(weights), lambda w: mean_flow(w, False)
)

# Forward over reverse over forward: the sliced Hessian v·∂²f·v, its change along w, and a directional derivative of a
# whole value, all under the gradient of an update.
text = """data x ~ [3]
data v ~ [3]
data w ~ [3]
net f(x: [3]) -> [1] = x |> dense(5) |> tanh |> dense(4) |> softplus |> dense(1)
let y = f(x)
let slope = grad(y, x)
let bend = sum(v * jvp(slope, x, v))
let third = jvp(bend, x, w)
let average = expect(sum(y))
let whole = jvp(average, x, v)
loss l = expect(square(bend)) + expect(square(third)) + square(whole)
train (batch = 5, steps = 1) { sample x, v, w  update f to minimize l with sgd(1) }
"""
points = {"x": rand(5, 3), "v": rand(5, 3), "w": rand(5, 3)}


def sliced(p):
    def f(x):
        h = F.softplus(linear(p, "f/dense_2", torch.tanh(linear(p, "f/dense_1", x))))
        return linear(p, "f/dense_3", h).squeeze(-1)

    def bend(x, v):
        return (v * jvp(grad(f), (x,), (v,))[1]).sum()

    def third(x, v, w):
        return jvp(lambda x: bend(x, v), (x,), (w,))[1]

    x, v, w = points["x"], points["v"], points["w"]
    whole = jvp(lambda x: f(x).mean(), (x,), (v,))[1]
    return {"l": vmap(bend)(x, v).square().mean() + vmap(third)(x, v, w).square().mean() + whole.square()}


programs["curvatures along directions"] = program(
    text, points, dense("f/dense_1", 3, 5) | dense("f/dense_2", 5, 4) | dense("f/dense_3", 4, 1), sliced
)

# Real NVP over a list of nets: affine couplings (Dinh et al. 2017, equations 6 to 8), the exact likelihood.
text = """data x ~ [2]
net c[3](kept: [1]) -> (s: [1], t: [1]) = {
  let (s, t) = split(kept |> dense(4) |> tanh |> dense(2), [1, 1])
  return (s = tanh(s), t = t)
}
def forward(state, k) = {
  let (kept, changed, log_det) = state
  let (s, t) = c[k](kept)
  return (changed * exp(s) + t, kept, log_det + sum(s))
}
let (x1, x2) = split(x, [1, 1])
let (z1, z2, log_det) = (x1, x2, 0) |> each k in 1..3 { forward(k) }
loss nats = -expect(log_prob_normal(concat(z1, z2), 0, 0) + log_det)
train (batch = 5, steps = 1) { sample x  update c to minimize nats with sgd(1) }
"""
pairs = {"x": rand(5, 2)}


def real_nvp(w):
    a, b = pairs["x"].split(1, 1)
    log_det = 0
    for k in 1, 2, 3:
        s, t = linear(w, f"c_{k}/dense_2", torch.tanh(linear(w, f"c_{k}/dense_1", a))).split(1, 1)
        s = torch.tanh(s)
        a, b, log_det = b * torch.exp(s) + t, a, log_det + s.squeeze(1)
    normal = torch.distributions.Normal(0.0, 1.0)
    return {"nats": -(normal.log_prob(torch.cat([a, b], 1)).sum(1) + log_det).mean()}


couplings = {}
for k in 1, 2, 3:
    couplings |= dense(f"c_{k}/dense_1", 1, 4) | dense(f"c_{k}/dense_2", 4, 2)
programs["Real NVP over a list of nets"] = program(text, pairs, couplings, real_nvp)

# Deep sets (Zaheer et al. 2017) with batch normalisation over the points of all sets, a penalty on the gradient by the
# points, and a map within a map.
text = """data x ~ [4, 3]
data pictures ~ [2, 3, 2]
net phi(x: [3]) -> [5] = x |> dense(5) |> batch_norm |> tanh
net rho(h: [5]) -> [1] = h |> dense(1)
net pixel(x: [2]) -> [1] = x |> dense(3) |> tanh |> dense(1)
def row(x) = x |> map(pixel) |> max(axis = 0)
let score = x |> map(phi) |> mean(axis = 0) |> rho
let rows = pictures |> map(row)
loss l = expect(softplus(score)) + expect(sum(square(grad(score, x)))) + expect(sum(square(rows)))
train (batch = 3, steps = 1) { sample x, pictures  update phi, rho, pixel to minimize l with sgd(1) }
"""
sets = {"x": rand(3, 4, 3), "pictures": rand(3, 2, 3, 2)}


def deep_sets(w):
    x = sets["x"].clone().requires_grad_(True)
    h = linear(w, "phi/dense_1", x.reshape(12, 3))
    h = F.batch_norm(h, None, None, w["phi/batch_norm_1/gamma"], w["phi/batch_norm_1/beta"], training=True, eps=1e-5)
    score = linear(w, "rho/dense_1", torch.tanh(h).reshape(3, 4, 5).mean(1))
    (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    pixels = linear(w, "pixel/dense_2", torch.tanh(linear(w, "pixel/dense_1", sets["pictures"])))
    rows = pixels.amax(2)
    return {"l": F.softplus(score).mean() + slope.square().sum((1, 2)).mean() + rows.square().sum((1, 2)).mean()}


programs["deep sets by map"] = program(
    text,
    sets,
    dense("phi/dense_1", 3, 5)
    | {"phi/batch_norm_1/gamma": 1 + rand(5, scale=0.3), "phi/batch_norm_1/beta": rand(5, scale=0.3)}
    | dense("rho/dense_1", 5, 1)
    | dense("pixel/dense_1", 2, 3)
    | dense("pixel/dense_2", 3, 1),
    deep_sets,
)

# Orthogonal regularisation (Brock et al. 2017, equation 3) of a kernel, and a decoder that is tied to it.
text = """data x ~ [6]
net E(x: [6]) -> [4] = x |> dense(4) as code |> tanh
let kernel = E.weights.code.kernel
let gram = matmul(transpose(kernel), kernel)
let orthogonal = sum(abs(gram - [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
let decoded = reshape(matmul(reshape(E(x), 1, 4), transpose(kernel)), 6)
loss l = expect(sum(square(decoded - x))) + 0.1 * orthogonal
train (batch = 5, steps = 1) { sample x  update E to minimize l with sgd(1) }
"""
inputs = {"x": rand(5, 6)}


def tied(w):
    k = w["E/code/kernel"]
    code = torch.tanh(linear(w, "E/code", inputs["x"]))
    orthogonal = (k.T @ k - torch.eye(4, dtype=torch.float64)).abs().sum()
    return {"l": (code @ k.T - inputs["x"]).square().sum(1).mean() + 0.1 * orthogonal}


programs["a kernel that is regularised and tied"] = program(text, inputs, dense("E/code", 6, 4), tied)

# MAML (Finn et al. 2017, algorithm 2): two inner steps on a task's support set, the outer loss on its query set.
text = """data x ~ [1]
data y ~ [1]
data query ~ [1]
data answer ~ [1]
net f(x: [1]) -> [1] = x |> dense(5) |> tanh |> dense(4) |> tanh |> dense(1)
let first = expect(sum(square(f(x) - y)))
let w1 = f.weights - 0.1 * grad(first, f.weights)
let second = expect(sum(square(f(x, weights = w1) - y)))
let w2 = w1 - 0.1 * grad(second, w1)
loss outer = expect(sum(square(f(query, weights = w2) - answer)))
train (batch = 5, steps = 1) { sample x, y, query, answer  update f to minimize outer with sgd(1) }
"""
task = {"x": rand(5, 1), "y": rand(5, 1), "query": rand(5, 1), "answer": rand(5, 1)}


def regression(w, x):
    h = torch.tanh(linear(w, "f/dense_1", x))
    return linear(w, "f/dense_3", torch.tanh(linear(w, "f/dense_2", h)))


def maml(w):
    def step(w):
        loss = (regression(w, task["x"]) - task["y"]).square().sum(1).mean()
        slopes = torch.autograd.grad(loss, list(w.values()), create_graph=True)
        return {k: v - 0.1 * g for (k, v), g in zip(w.items(), slopes)}

    return {"outer": (regression(step(step(w)), task["query"]) - task["answer"]).square().sum(1).mean()}


programs["MAML with two inner steps"] = program(
    text, task, dense("f/dense_1", 1, 5) | dense("f/dense_2", 5, 4) | dense("f/dense_3", 4, 1), maml
)

# Unrolled GAN (Metz et al. 2017, equation 5): G against D as it will be after two steps.
text = """data x ~ [2]
noise z ~ normal[2]
net G(z: [2]) -> [2] = z |> dense(4) |> tanh |> dense(2)
net D(x: [2]) -> [1] = x |> dense(4) |> tanh |> dense(1)
let fake = G(z)
let d0 = nonsaturating_d(D(x), D(fake))
let w1 = D.weights - 0.3 * grad(d0, D.weights)
let d1 = nonsaturating_d(D(x, weights = w1), D(fake, weights = w1))
let w2 = w1 - 0.3 * grad(d1, w1)
loss g_loss = nonsaturating_g(D(fake, weights = w2))
train (batch = 4, steps = 1) { sample x, z  update G, D to minimize g_loss with sgd(1) }
"""
game = {"x": rand(4, 2), "z": rand(4, 2)}


def unrolled(w):
    def net(name, w, x):
        return linear(w, f"{name}/dense_2", torch.tanh(linear(w, f"{name}/dense_1", x)))

    fake = net("G", w, game["z"])

    def step(d):
        loss = F.softplus(-net("D", d, game["x"])).mean() + F.softplus(net("D", d, fake)).mean()
        slopes = torch.autograd.grad(loss, list(d.values()), create_graph=True)
        return {k: v - 0.3 * g for (k, v), g in zip(d.items(), slopes)}

    d = {k: v for k, v in w.items() if k.startswith("D/")}
    return {"g_loss": F.softplus(-net("D", step(step(d)), fake)).mean()}


programs["an unrolled GAN"] = program(
    text,
    game,
    dense("G/dense_1", 2, 4) | dense("G/dense_2", 4, 2) | dense("D/dense_1", 2, 4) | dense("D/dense_2", 4, 1),
    unrolled,
)

print(json.dumps(programs))
