"""Regression on squared features, on the GPU if there is one."""

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"


def features(x):
    return torch.stack([x, x**2], dim=1)


def forward(psi, w, b):
    return torch.matmul(psi, w) + b


def loss(y, y_hat):
    return ((y - y_hat) ** 2).mean()


def fit(x, y, learning_rate=0.02, num_iters=30):
    psi = features(x.to(device))
    y = y.to(device)
    psi = (psi - psi.mean(0)) / psi.std(0)
    y = (y - y.mean(0)) / y.std(0)
    w = torch.tensor([[0.5], [0.5]], device=device, requires_grad=True)
    b = torch.tensor([0.5], device=device, requires_grad=True)
    history = []
    for i in range(num_iters):
        l = loss(y, forward(psi, w, b))
        history.append(l.item())
        l.backward()
        with torch.no_grad():
            w -= learning_rate * w.grad
            b -= learning_rate * b.grad
            w.grad.zero_()
            b.grad.zero_()
    return w, b, history


if __name__ == "__main__":
    points = torch.arange(1.0, 6.0)
    print(fit(points, points.view(-1, 1) ** 2))
