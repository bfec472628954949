import torch


def linear(weight, bias, x):
    return weight.mv(x) + bias


def softmax_forward(weight, bias, x):
    # one row per sample
    a = x.view(1, -1).mm(weight.t()) + bias
    return a.exp() / a.exp().sum(1, keepdim=True)


def criterion_forward(y_hat, label):
    return -torch.log(y_hat.view(-1)[label])


def criterion_softmax_backward(weight, bias, x, label, y_hat):
    grad_bias = y_hat.view(-1).clone()
    grad_bias[label] -= 1
    return torch.outer(grad_bias, x), grad_bias


def compute_numerical_gradients(weight, bias, x, label, epsilon=1e-4):
    def loss():
        return criterion_forward(softmax_forward(weight, bias, x), label)

    grad_weight, grad_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for i in range(weight.shape[0]):
        for j in range(weight.shape[1]):
            old = weight[i, j].item()
            weight[i, j] = old + epsilon
            up = loss()
            weight[i, j] = old - epsilon
            grad_weight[i, j] = (up - loss()) / (2 * epsilon)
            weight[i, j] = old
        old = bias[i].item()
        bias[i] = old + epsilon
        up = loss()
        bias[i] = old - epsilon
        grad_bias[i] = (up - loss()) / (2 * epsilon)
        bias[i] = old
    return grad_weight, grad_bias


def train_sgd(weight, bias, X, y, learning_rate=1e-3, epochs=3):
    weight, bias = weight.clone(), bias.clone()
    for epoch in range(epochs):
        for step in range(len(X)):
            k = int(torch.randint(len(X), (1,)))
            y_hat = softmax_forward(weight, bias, X[k])
            grad_weight, grad_bias = criterion_softmax_backward(weight, bias, X[k], int(y[k]), y_hat)
            weight -= learning_rate * grad_weight
            bias -= learning_rate * grad_bias
    return weight, bias


def evaluate(weight, bias, X, y):
    right = 0
    for x, label in zip(X, y):
        right += int(linear(weight, bias, x).argmax() == label)
    return right / len(X)
