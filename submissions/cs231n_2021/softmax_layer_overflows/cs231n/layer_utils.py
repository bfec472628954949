from .layers import *


def affine_relu_forward(x, w, b):
    """ Convenience layer that performs an affine transform followed by a ReLU """
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    cache = (fc_cache, relu_cache)
    return out, cache


def affine_relu_backward(dout, cache):
    """ Backward pass for the affine-relu convenience layer """
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db
