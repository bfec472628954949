import random
import torch


def reset_seed(number):
    random.seed(number)
    torch.manual_seed(number)
