"""A model as a class, gradients by torch.autograd.grad."""

import torch


def features(x):
    psi = torch.tensor([[x[0], x[0] ** 2]])
    for i in range(1, len(x)):
        psi = torch.cat((psi, torch.tensor([[x[i], x[i] ** 2]])), 0)
    return psi


def forward(psi, w, b):
    return (psi * w.t()).sum(dim=1, keepdim=True) + b


def loss(y, y_hat):
    return ((y - y_hat) ** 2).mean()


class Scale:
    """Mean and deviation of each column."""

    def __init__(self, values):
        self.mean, self.deviation = values.mean(0), values.std(0)

    def __call__(self, values):
        return (values - self.mean) / self.deviation


class Model:
    def __init__(self, size):
        self.w = torch.full((size, 1), 0.5, requires_grad=True)
        self.b = torch.full((1,), 0.5, requires_grad=True)

    def step(self, error, rate):
        dw, db = torch.autograd.grad(error, [self.w, self.b])
        self.w = (self.w - rate * dw).detach().requires_grad_()
        self.b = (self.b - rate * db).detach().requires_grad_()


def fit(x, y, learning_rate=0.02, num_iters=30):
    psi = features(x)
    psi, y = Scale(psi)(psi), Scale(y)(y)
    model, losses = Model(psi.shape[1]), []
    while len(losses) < num_iters:
        error = loss(y, forward(psi, model.w, model.b))
        losses.append(float(error))
        model.step(error, learning_rate)
    return model.w.detach(), model.b.detach(), losses
