"""Writes recurrent.json: a GRU and an LSTM along a sequence, their last states' loss, a penalty on its slope along the sequence
(double backward), and the gradients of both (PyTorch 2.13.0, CPU, float64).

    python test/gradients/recurrent.py > test/gradients/recurrent.json

Kernels lie as ganc has them, [in, out]; those of PyTorch are [out, in].
"""
import json

import torch

torch.manual_seed(3)
BATCH, TURNS, WIDTH, STATE = 3, 5, 2, 3


def rand(*shape, scale=0.6):
    return (torch.randn(*shape, dtype=torch.float64) * scale).requires_grad_(True)


def cell(kind, gates):
    make = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}[kind](WIDTH, STATE).double()
    weights = {
        "N/dense_1/kernel": rand(WIDTH, gates * STATE),
        "N/dense_1/bias": rand(gates * STATE, scale=0.3),
        "N/dense_2/kernel": rand(STATE, gates * STATE),
        "N/dense_2/bias": rand(gates * STATE, scale=0.3),
    }
    given = {
        "weight_ih": weights["N/dense_1/kernel"].T,
        "bias_ih": weights["N/dense_1/bias"],
        "weight_hh": weights["N/dense_2/kernel"].T,
        "bias_hh": weights["N/dense_2/bias"],
    }
    return lambda x, h: torch.func.functional_call(make, given, (x, h)), weights


def arrays(named):
    return {name: {"shape": list(v.shape), "data": v.detach().flatten().tolist()} for name, v in named.items()}


out = {"s": None}
s = rand(BATCH, TURNS, WIDTH, scale=1.0)
out["s"] = arrays({"s": s})["s"]
for kind, gates in (("gru", 3), ("lstm", 4)):
    step, weights = cell(kind, gates)
    h = torch.zeros(BATCH, STATE, dtype=torch.float64)
    c = torch.ones(BATCH, STATE, dtype=torch.float64)
    for t in range(TURNS):
        if kind == "gru":
            h = step(s[:, t], h)
        else:
            h, c = step(s[:, t], (h, c))
    y = (h**2).sum(-1)
    (slope,) = torch.autograd.grad(y.sum(), s, create_graph=True)
    loss = y.mean()
    penalty = (slope**2).sum((1, 2)).mean()
    out[kind] = {
        "weights": arrays(weights),
        "loss": loss.item(),
        "penalty": penalty.item(),
        "loss_gradients": arrays(dict(zip(weights, torch.autograd.grad(loss, list(weights.values()), retain_graph=True)))),
        "penalty_gradients": arrays(dict(zip(weights, torch.autograd.grad(penalty, list(weights.values()))))),
    }
print(json.dumps(out))
