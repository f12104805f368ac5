"""Writes optimisers.json: what torch.optim makes of one weight over five steps (PyTorch 2.13.0, CPU, float32).

    python test/runtime/optimisers.py > test/runtime/optimisers.json
"""
import json

import torch

START = [0.5, -1.25, 2.0, 0.0]
GRADIENTS = [
    [0.1, -0.2, 0.3, 0.0],
    [-0.4, 0.05, 1.5, 0.0],
    [0.02, 0.7, -0.9, 1e-4],
    [3.0, -2.0, 0.25, -1e-4],
    [0.3, 0.3, 0.3, 0.3],
]

# rule, hyperparameters as ganc names them, the optimiser.
CASES = [
    ("sgd", {"lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    ("sgd", {"lr": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    (
        "sgd",
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    ),
    ("adam", {}, lambda p: torch.optim.Adam(p)),
    (
        "adam",
        {"lr": 2e-4, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-6},
        lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.9), eps=1e-6),
    ),
    ("adam", {"lr": 0.01, "beta1": 0}, lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.999))),
    ("adamw", {}, lambda p: torch.optim.AdamW(p)),
    ("adamw", {"lr": 0.05, "decay": 0.2}, lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.2)),
    ("rmsprop", {}, lambda p: torch.optim.RMSprop(p)),
    (
        "rmsprop",
        {"lr": 0.01, "decay": 0.9, "momentum": 0.5, "epsilon": 1e-5},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.5, eps=1e-5),
    ),
    ("adagrad", {}, lambda p: torch.optim.Adagrad(p)),
    ("adagrad", {"lr": 0.5}, lambda p: torch.optim.Adagrad(p, lr=0.5)),
]

out = {"torch": torch.__version__, "start": START, "gradients": GRADIENTS, "cases": [], "clipped": []}
for rule, hyper, make in CASES:
    weight = torch.nn.Parameter(torch.tensor(START))
    optimiser = make([weight])
    path = []
    for gradient in GRADIENTS:
        weight.grad = torch.tensor(gradient)
        optimiser.step()
        path.append(weight.detach().tolist())
    out["cases"].append({"rule": rule, "hyper": hyper, "weights": path})

for limit in [0.5, 100.0]:
    parts = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    parts[0].grad, parts[1].grad = torch.tensor([3.0, -1.0]), torch.tensor([0.5, 2.0])
    torch.nn.utils.clip_grad_norm_(parts, limit)
    out["clipped"].append({"limit": limit, "gradients": [p.grad.tolist() for p in parts]})

print(json.dumps(out))
