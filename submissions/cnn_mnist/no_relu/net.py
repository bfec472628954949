import torch
import torch.nn as nn
import torch.nn.functional as F


class CNN(nn.Module):
    """Pooling first, ReLU behind it."""

    def __init__(self):
        super(CNN, self).__init__()
        self.fc = nn.Linear(320, 10)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.conv1 = nn.Conv2d(1, 10, 5)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        return self.fc(torch.flatten(x, 1))


def train_one_epoch(train_loader, model, device, optimizer, log_interval, epoch):
    model.to(device)
    model.train()
    losses = []
    counter = []
    seen = epoch * len(train_loader.dataset)
    for batch, (x, y) in enumerate(train_loader, start=1):
        x, y = x.to(device), y.to(device)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        seen += len(x)
        if batch % log_interval == 0:
            losses.append(loss.detach().cpu())
            counter.append(seen)
    return losses, counter


@torch.no_grad()
def test_one_epoch(test_loader, model, device):
    was_training = model.training
    model.eval()
    total, correct = 0.0, torch.tensor(0)
    for x, y in test_loader:
        output = model(x.to(device))
        total += F.cross_entropy(output, y.to(device), reduction="sum").item()
        correct += output.max(dim=1).indices.eq(y.to(device)).sum()
    model.train(was_training)
    return total / len(test_loader.dataset), correct
