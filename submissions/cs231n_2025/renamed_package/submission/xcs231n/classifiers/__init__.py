from xcs231n.classifiers.k_nearest_neighbor import *
from xcs231n.classifiers.linear_classifier import *
