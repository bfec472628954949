import torch
import torch.nn.functional as F


def _scores(weight, bias, X):
    return torch.einsum("cd,...d->...c", weight, X) + bias


def softmax_forward(weight, bias, x):
    return torch.softmax(_scores(weight, bias, x), dim=-1)


def criterion_forward(y_hat, label):
    return float(-y_hat[label].log())


def criterion_softmax_backward(weight, bias, x, label, y_hat):
    slope = y_hat - F.one_hot(torch.as_tensor(label), len(y_hat))
    return torch.outer(slope, x), slope.clone()


def compute_numerical_gradients(weight, bias, x, label, epsilon=1e-4):
    """The bias as one more column, a step in each entry in turn, taken back in place."""

    def loss():
        return criterion_forward(softmax_forward(weight, bias, x), label)

    gradients = []
    for parameter in (weight, bias):
        flat = parameter.view(-1)
        gradient = torch.empty(flat.shape)
        for k in range(flat.numel()):
            flat[k] += epsilon
            up = loss()
            flat[k] -= 2 * epsilon
            down = loss()
            flat[k] += epsilon
            gradient[k] = (up - down) / (2 * epsilon)
        gradients.append(gradient.view_as(parameter))
    return gradients


def train_sgd(weight, bias, X, y, learning_rate=1e-3, epochs=3):
    """In place; each epoch takes all samples in a new random order."""
    for _ in range(epochs):
        for k in torch.randperm(len(X)).tolist():
            y_hat = softmax_forward(weight, bias, X[k])
            grad_weight, grad_bias = criterion_softmax_backward(weight, bias, X[k], int(y[k]), y_hat)
            weight -= learning_rate * grad_weight
            bias -= learning_rate * grad_bias
    return weight, bias


def evaluate(weight, bias, X, y):
    return (_scores(weight, bias, X).argmax(dim=1) == y).double().mean()


def train_sgd_minibatch(
    weight, bias, X, y, learning_rate=1e-3, epochs=3, batch_size=64, reg=0.0, momentum=0.0
):
    v_weight, v_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    for _ in range(epochs):
        for _ in range(max(1, len(X) // batch_size)):
            rows = torch.randint(len(X), (batch_size,))
            slope = softmax_forward(weight, bias, X[rows])
            slope[torch.arange(batch_size), y[rows]] -= 1
            slope /= batch_size
            v_weight = momentum * v_weight + slope.T @ X[rows] + 2 * reg * weight
            v_bias = momentum * v_bias + slope.sum(0)
            weight = weight - learning_rate * v_weight
            bias = bias - learning_rate * v_bias
    return weight, bias


def color_histogram(images, bins=8):
    features = [torch.histc(channel.float(), bins=bins, min=0, max=256) for image in images for channel in image]
    return torch.stack(features).view(len(images), -1)
