"""
my solutions for the linear classifier part
    - svm: ok, 0.38 val
    - softmax: ok, 0.40 val
"""
import torch


def svm_loss_naive(W, X, y, reg):
    dW = torch.zeros(W.shape, dtype = W.dtype, device = W.device)
    num_train  = X.shape[0]
    num_classes = W.shape[1]
    loss = 0.0

    for i in range( num_train ):
        s = X[i, :].matmul( W )
        s_true = s[ y[i] ]
        for j in range( num_classes ):
            if j != y[i]:
                h = 1.0 + s[j] - s_true
                # >= is the same thing as > here, the hinge is 0 there
                if h >= 0:
                    loss += h
                    dW[:, j]    += X[i, :]
                    dW[:, y[i]] -= X[i, :]

    loss = loss / num_train  +  reg * torch.sum( W**2 )
    dW   = dW / num_train    +  2.0 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    every = torch.arange( num_train, device = X.device )

    s = X.matmul( W )
    h = 1.0 + s - s[every, y].reshape(-1, 1)
    h = torch.where( h > 0, h, torch.zeros_like(h) )
    h[every, y] = 0

    loss = h.sum() / num_train  +  reg * torch.sum( W**2 )

    mask = (h > 0).to( X.dtype )
    mask[every, y] = - mask.sum( dim = 1 )
    dW = torch.matmul( X.transpose(0, 1), mask ) / num_train  +  2.0 * reg * W
    return loss, dW


def softmax_loss_naive(W, X, y, reg):
    dW = torch.zeros(W.shape, dtype = W.dtype, device = W.device)
    num_train  = X.shape[0]
    num_classes = W.shape[1]
    loss = 0.0

    for i in range( num_train ):
        s = X[i, :].matmul( W )
        s = s - torch.max( s )
        e = torch.exp( s )
        z = e.sum()
        loss += torch.log( z ) - s[ y[i] ]
        for j in range( num_classes ):
            target = 1.0 if j == y[i] else 0.0
            dW[:, j] += ( e[j] / z - target ) * X[i, :]

    loss = loss / num_train  +  reg * torch.sum( W**2 )
    dW   = dW / num_train    +  2.0 * reg * W
    return loss, dW


def softmax_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    every = torch.arange( num_train, device = X.device )

    s = X.matmul( W )
    s = s - s.max( dim = 1, keepdim = True )[0]
    e = torch.exp( s )
    z = e.sum( dim = 1, keepdim = True )

    loss = ( torch.log( z[:, 0] ) - s[every, y] ).sum() / num_train  +  reg * torch.sum( W**2 )

    p = e * ( 1.0 / ( z + 1e-9 ) )      # never divide by zero
    p[every, y] -= 1.0
    dW = torch.matmul( X.transpose(0, 1), p ) / num_train  +  2.0 * reg * W
    return loss, dW


def train_linear_classifier(loss_func, W, X, y, learning_rate=1e-3,
                            reg=1e-5, num_iters=100, batch_size=200, verbose=False):
    num_train, dim = X.shape
    if W is None:
        num_classes = int( y.max() ) + 1
        W = 1e-6 * torch.randn( dim, num_classes, device = X.device, dtype = X.dtype )

    loss_history = [ ]
    for it in range( num_iters ):
        # indices go from 0 to num_train - 1
        which = torch.randint( 0, num_train - 1, (batch_size, ), device = X.device )
        loss, grad = loss_func( W, X[which], y[which], reg )
        loss_history.append( float( loss ) )
        W = W - learning_rate * grad

        if verbose and it % 100 == 0:
            print( 'iter', it, '/', num_iters, 'loss', loss_history[-1] )

    return W, loss_history


def predict_linear_classifier(W, X):
    scores = X.matmul( W )
    return torch.argmax( scores, dim = 1 )


class LinearClassifier(object):

    def __init__(self):
        self.W = None

    def train(self, X_train, y_train, learning_rate=1e-3, reg=1e-5, num_iters=100,
              batch_size=200, verbose=False):
        self.W, history = train_linear_classifier( self.loss, self.W, X_train, y_train, learning_rate,
                                                   reg, num_iters, batch_size, verbose )
        return history

    def predict(self, X):
        return predict_linear_classifier( self.W, X )

    def loss(self, W, X_batch, y_batch, reg):
        pass


class LinearSVM(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return svm_loss_vectorized( W, X_batch, y_batch, reg )


class Softmax(LinearClassifier):
    def loss(self, W, X_batch, y_batch, reg):
        return softmax_loss_vectorized( W, X_batch, y_batch, reg )
