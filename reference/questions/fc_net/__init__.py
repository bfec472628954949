"""Networks of affine layers with a ReLU between them, of any depth: TwoLayerNet and FullyConnectedNet of fc_net.py."""

from reference.questions.fc_net.loss import LOSS_QUESTIONS
from reference.questions.fc_net.start import START_QUESTIONS

FC_NET_QUESTIONS = (*START_QUESTIONS, *LOSS_QUESTIONS)

__all__ = ["FC_NET_QUESTIONS"]
