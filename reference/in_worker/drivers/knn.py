"""Calls the methods of KNearestNeighbor on an object that was trained."""

from typing import Any

VERSIONS = ("two_loops", "one_loop", "no_loops")


class AnotherVersionError(Exception):
    """Raised in place of one version of the distances where another one calls it."""


def two_loops(KNearestNeighbor: Any, *given: Any) -> Any:
    """The distances by two loops. given: X_train, y_train, X, and X_train and X of a call before or None."""
    return distances(KNearestNeighbor, "two_loops", *given)


def one_loop(KNearestNeighbor: Any, *given: Any) -> Any:
    """The same by one loop."""
    return distances(KNearestNeighbor, "one_loop", *given)


def no_loops(KNearestNeighbor: Any, *given: Any) -> Any:
    """The same without a loop."""
    return distances(KNearestNeighbor, "no_loops", *given)


def distances(
    KNearestNeighbor: Any,
    version: Any,
    X_train: Any,
    y_train: Any,
    X: Any,
    X_train_before: Any,
    X_before: Any,
) -> Any:
    """The result of one version, while the two others cannot be called."""
    method = method_of(version)
    others = [method_of(other) for other in VERSIONS if other != version]
    owners = [each for each in type.mro(KNearestNeighbor) if each is not object]
    held = [
        (owner, other, vars(owner)[other]) for owner in owners for other in others if other in vars(owner)
    ]
    knn = KNearestNeighbor()
    for owner, other, _ in held:
        type.__setattr__(owner, other, refused)
    try:
        if X_before is not None:
            knn.train(X_train_before, y_train)
            getattr(knn, method)(X_before)
        knn.train(X_train, y_train)
        return getattr(knn, method)(X)
    finally:
        for owner, other, value in held:
            type.__setattr__(owner, other, value)


def method_of(version: Any) -> Any:
    """The name of its method."""
    return f"compute_distances_{version}"


def refused(*_: Any, **__: Any) -> Any:
    """Takes the place of a version."""
    raise AnotherVersionError("another version was called")


def labels(KNearestNeighbor: Any, X_train: Any, y_train: Any, dists: Any, k: Any) -> Any:
    """The predicted labels for given distances."""
    knn = KNearestNeighbor()
    knn.train(X_train, y_train)
    return knn.predict_labels(dists, k=k)
