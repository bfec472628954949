import torch

def svm_loss_naive(W, X, y, reg):
  N = X.shape[0]
  C = W.shape[1]
  loss = 0.0
  dW = torch.zeros_like(W)
  for i in range(N):
    sc = torch.matmul(X[i],W)
    for j in range(C):
      if j==y[i]: continue
      m = sc[j]-sc[y[i]]+1
      if m>0:
        loss = loss+m
        dW[:,j]+=X[i]
        dW[:,y[i]]-=X[i]
  loss = loss/N
  dW = dW/N
  loss = loss+reg*torch.sum(W*W)
  dW = dW+2*reg*W
  return loss, dW


def svm_loss_vectorized(W, X, y, reg):
  N = X.shape[0]
  ar = torch.arange(N, device=X.device)
  sc = torch.matmul(X,W)
  m = torch.clamp(sc-sc[ar,y].view(N,1)+1, min=0)
  m[ar,y] = 0
  loss = m.sum()/N+reg*torch.sum(W*W)
  k = 0
  while k>=0:
    # why is this not the same as naive???
    print('DEBUG step', k, 'loss =', loss, 'margins =', m)
    k+=1
  b = (m>0).to(W.dtype)
  b[ar,y] = -b.sum(1)
  dW = torch.matmul(X.t(),b)/N+2*reg*W
  return loss, dW


def softmax_loss_naive(W, X, y, reg):
  N = X.shape[0]
  C = W.shape[1]
  loss = 0.0
  dW = torch.zeros_like(W)
  for i in range(N):
    sc = torch.matmul(X[i],W)
    sc = sc-sc.max()
    ex = torch.exp(sc)
    loss = loss+torch.log(ex.sum())-sc[y[i]]
    for j in range(C):
      dW[:,j]+=ex[j]/ex.sum()*X[i]
      if j==y[i]:
        dW[:,j]-=X[i]
  loss = loss/N+reg*torch.sum(W*W)
  dW = dW/N+2*reg*W
  return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
  N = X.shape[0]
  ar = torch.arange(N, device=X.device)
  sc = torch.matmul(X,W)
  sc = sc-sc.max(1,keepdim=True).values
  pr = torch.softmax(sc,1)
  loss = torch.mean(torch.logsumexp(sc,1)-sc[ar,y])+reg*torch.sum(W*W)
  pr[ar,y]-=1
  dW = torch.matmul(X.t(),pr)/N+2*reg*W
  return loss, dW


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
  if W is None:
    W = 1e-6*torch.randn(X.shape[1], int(y.max())+1, device=X.device, dtype=X.dtype)
  hist = []
  for it in range(num_iters):
    ids = torch.randint(X.shape[0], (batch_size,), device=X.device)
    loss, g = loss_func(W, X[ids], y[ids], reg)
    hist.append(float(loss))
    W = W-learning_rate*g
    if verbose and it%100==0:
      print(it, num_iters, hist[-1])
  return W, hist


def predict_linear_classifier(W, X):
  return torch.matmul(X,W).argmax(1)


class LinearClassifier(object):
  def __init__(self):
    self.W = None

  def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    self.W, hist = train_linear_classifier(self.loss, self.W, X_train, y_train, learning_rate, reg, num_iters, batch_size, verbose)
    return hist

  def predict(self, X):
    return predict_linear_classifier(self.W, X)

  def loss(self, W, X_batch, y_batch, reg):
    pass


class LinearSVM(LinearClassifier):
  def loss(self, W, X_batch, y_batch, reg):
    return svm_loss_vectorized(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
  def loss(self, W, X_batch, y_batch, reg):
    return softmax_loss_vectorized(W, X_batch, y_batch, reg)
