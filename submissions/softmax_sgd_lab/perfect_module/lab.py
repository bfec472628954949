"""Lab: a softmax classifier trained by stochastic gradient descent."""
import random

import torch


def softmax_forward(weight, bias, x):
    a = weight.mv(x) + bias
    a = a - a.max()
    e = torch.exp(a)
    return e / e.sum()


def criterion_forward(y_hat, label):
    return -torch.log(y_hat[label])


def criterion_softmax_backward(weight, bias, x, label, y_hat):
    y = torch.zeros_like(y_hat)
    y[label] = 1
    grad_a = y_hat - y
    grad_weight = grad_a.view(-1, 1) * x.view(1, -1)
    return grad_weight, grad_a


def compute_numerical_gradients(weight, bias, x, label, epsilon=1e-4):
    w, b = weight.clone(), bias.clone()
    grad_weight, grad_bias = torch.zeros_like(w), torch.zeros_like(b)
    for i in range(w.size(0)):
        for j in range(w.size(1)):
            w[i, j] = weight[i, j] + epsilon
            up = criterion_forward(softmax_forward(w, b, x), label)
            w[i, j] = weight[i, j] - epsilon
            down = criterion_forward(softmax_forward(w, b, x), label)
            w[i, j] = weight[i, j]
            grad_weight[i, j] = (up - down) / (2 * epsilon)
    for i in range(b.size(0)):
        b[i] = bias[i] + epsilon
        up = criterion_forward(softmax_forward(w, b, x), label)
        b[i] = bias[i] - epsilon
        down = criterion_forward(softmax_forward(w, b, x), label)
        b[i] = bias[i]
        grad_bias[i] = (up - down) / (2 * epsilon)
    return grad_weight, grad_bias


def train_sgd(weight, bias, X, y, learning_rate=1e-3, epochs=3):
    for epoch in range(epochs):
        total = 0.0
        for _ in range(len(X)):
            k = random.randrange(len(X))
            y_hat = softmax_forward(weight, bias, X[k])
            total += criterion_forward(y_hat, y[k]).item()
            grad_weight, grad_bias = criterion_softmax_backward(weight, bias, X[k], y[k], y_hat)
            weight = weight - learning_rate * grad_weight
            bias = bias - learning_rate * grad_bias
        print("epoch", epoch, "mean loss", total / len(X))
    return weight, bias


def evaluate(weight, bias, X, y):
    right = 0
    for row, label in zip(X, y):
        y_hat = softmax_forward(weight, bias, row)
        if y_hat.argmax() == label:
            right += 1
    return right / len(X)
