"""
Implements a two-layer network in PyTorch.
WARNING: you SHOULD NOT use ".to()" or ".cuda()" in each implementation block.
"""
import random
import statistics
import torch

from linear_classifier import sample_batch


def hello_two_layer_net():
  print('Hello from two_layer_net.py!')


class TwoLayerNet(object):
  def __init__(self, input_size, hidden_size, output_size,
               dtype=torch.float32, device='cuda', std=1e-4):
    random.seed(0)
    torch.manual_seed(0)
    self.params = {}
    self.params['W1'] = std * torch.randn(input_size, hidden_size, dtype=dtype, device=device)
    self.params['b1'] = torch.zeros(hidden_size, dtype=dtype, device=device)
    self.params['W2'] = std * torch.randn(hidden_size, output_size, dtype=dtype, device=device)
    self.params['b2'] = torch.zeros(output_size, dtype=dtype, device=device)

  def loss(self, X, y=None, reg=0.0):
    return nn_forward_backward(self.params, X, y, reg)

  def train(self, X, y, X_val, y_val, learning_rate=1e-3, learning_rate_decay=0.95,
            reg=5e-6, num_iters=100, batch_size=200, verbose=False):
    return nn_train(self.params, nn_forward_backward, nn_predict, X, y, X_val, y_val,
                    learning_rate, learning_rate_decay, reg, num_iters, batch_size, verbose)

  def predict(self, X):
    return nn_predict(self.params, nn_forward_backward, X)

  def save(self, path):
    torch.save(self.params, path)
    print("Saved in {}".format(path))

  def load(self, path):
    checkpoint = torch.load(path, map_location='cpu')
    self.params = checkpoint
    print("load checkpoint file: {}".format(path))


def nn_forward_pass(params, X):
  W1, b1 = params['W1'], params['b1']
  W2, b2 = params['W2'], params['b2']
  N, D = X.shape

  hidden = (X.mm(W1) + b1).clamp(min=0)
  scores = hidden.mm(W2) + b2

  return scores, hidden


def nn_forward_backward(params, X, y=None, reg=0.0):
  W1, b1 = params['W1'], params['b1']
  W2, b2 = params['W2'], params['b2']
  N, D = X.shape

  scores, h1 = nn_forward_pass(params, X)
  if y is None:
    return scores

  rows = torch.arange(N, device=X.device)
  shifted = scores - scores.max()
  exps = shifted.exp()
  probs = exps / exps.sum(dim=1, keepdim=True)
  loss = -(shifted[rows, y] - exps.sum(dim=1).log()).sum() / N
  loss = loss + reg * ((W1 * W1).sum() + (W2 * W2).sum())

  grads = {}
  dscores = probs.clone()
  dscores[rows, y] -= 1
  dscores /= N
  grads['W2'] = h1.t().mm(dscores) + 2 * reg * W2
  grads['b2'] = dscores.mean(dim=0)
  dhidden = dscores.mm(W2.t())
  dhidden[h1 <= 0] = 0
  grads['W1'] = X.t().mm(dhidden) + 2 * reg * W1
  grads['b1'] = dhidden.mean(dim=0)

  return loss, grads


def nn_train(params, loss_func, pred_func, X, y, X_val, y_val,
             learning_rate=1e-3, learning_rate_decay=0.95,
             reg=5e-6, num_iters=100,
             batch_size=200, verbose=False):
  num_train = X.shape[0]
  iterations_per_epoch = max(num_train // batch_size, 1)

  loss_history = []
  train_acc_history = []
  val_acc_history = []

  for it in range(num_iters):
    X_batch, y_batch = sample_batch(X, y, num_train, batch_size)

    loss, grads = loss_func(params, X_batch, y=y_batch, reg=reg)
    loss_history.append(loss.item())

    for name in grads:
      params[name] -= learning_rate * grads[name]

    if verbose and it % 100 == 0:
      print('iteration %d / %d: loss %f' % (it, num_iters, loss.item()))

    if it % iterations_per_epoch == 0:
      y_train_pred = pred_func(params, loss_func, X_batch)
      train_acc = (y_train_pred == y_batch).float().mean().item()
      y_val_pred = pred_func(params, loss_func, X_val)
      val_acc = (y_val_pred == y_val).float().mean().item()
      train_acc_history.append(train_acc)
      val_acc_history.append(val_acc)

      learning_rate *= learning_rate_decay

  return {
    'loss_history': loss_history,
    'train_acc_history': train_acc_history,
    'val_acc_history': val_acc_history,
  }


def nn_predict(params, loss_func, X):
  scores = loss_func(params, X)
  y_pred = scores.argmax(dim=1)
  return y_pred


def nn_get_search_params():
  learning_rates = [1e-1, 5e-1, 1.0]
  hidden_sizes = [64, 128]
  regularization_strengths = [0, 1e-4]
  learning_rate_decays = [0.95, 1.0]
  return learning_rates, hidden_sizes, regularization_strengths, learning_rate_decays


def find_best_net(data_dict, get_param_set_fn):
  best_net = None
  best_stat = None
  best_val_acc = 0.0

  learning_rates, hidden_sizes, regs, decays = get_param_set_fn()
  for lr in learning_rates:
    for hs in hidden_sizes:
      for reg in regs:
        for decay in decays:
          net = TwoLayerNet(3 * 32 * 32, hs, 10, dtype=data_dict['X_train'].dtype,
                            device=data_dict['X_train'].device)
          stats = net.train(data_dict['X_train'], data_dict['y_train'],
                            data_dict['X_val'], data_dict['y_val'],
                            num_iters=3000, batch_size=1000,
                            learning_rate=lr, learning_rate_decay=decay, reg=reg)
          val_acc = (net.predict(data_dict['X_val']) == data_dict['y_val']).float().mean().item()
          if val_acc > best_val_acc:
            best_net, best_stat, best_val_acc = net, stats, val_acc

  return best_net, best_stat, best_val_acc
