import math

import torch
from torch import nn, optim
from torchvision import datasets, transforms


def init(*shape):
    bound = 1 / math.sqrt(math.prod(shape[1:]) or shape[0])
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class CNN(nn.Module):
    """Parameters of its own, and log-probabilities for NLLLoss."""

    def __init__(self):
        super().__init__()
        self.w1, self.b1 = init(10, 1, 5, 5), init(10)
        self.w2, self.b2 = init(20, 10, 5, 5), init(20)
        self.w3, self.b3 = init(10, 320), init(10)
        self.pool = nn.MaxPool2d(kernel_size=2, stride=2)

    def forward(self, x):
        x = self.pool(torch.conv2d(x, self.w1, self.b1).clamp(min=0))
        x = self.pool(torch.conv2d(x, self.w2, self.b2)).relu()
        scores = x.reshape(len(x), 320) @ self.w3.t() + self.b3
        return nn.functional.log_softmax(scores, dim=1)


def train_one_epoch(train_loader, model, device, optimizer, log_interval, epoch):
    model.train()
    loss_function = nn.NLLLoss()
    records = []
    for i, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        loss = loss_function(model(data), target)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if i % log_interval == 0:
            seen = epoch * len(train_loader.dataset) + i * train_loader.batch_size + len(data)
            records.append((loss.item(), seen))
            print(f"epoch {epoch}: {loss.item():.4f}")
    losses, counter = zip(*records)
    return list(losses), list(counter)


def test_one_epoch(test_loader, model, device):
    model.eval()
    outputs, targets = [], []
    with torch.inference_mode():
        for data, target in test_loader:
            outputs.append(model(data.to(device)))
            targets.append(target.to(device))
    output, target = torch.cat(outputs), torch.cat(targets)
    loss = nn.functional.nll_loss(output, target)
    return loss, int((output.argmax(dim=1) == target).sum())


if __name__ == "__main__":
    train = torch.utils.data.DataLoader(datasets.MNIST("data", transform=transforms.ToTensor()), batch_size=64)
    net = CNN()
    print(train_one_epoch(train, net, "cpu", optim.SGD(net.parameters(), lr=0.01), 100, 0))
