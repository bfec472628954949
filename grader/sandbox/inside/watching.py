"""Watches a training: keeps a few of its steps, each with W before, the rows that the loss was called with, and W after."""

from __future__ import annotations

import functools
import heapq
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import packing
import wire

_draw = random.SystemRandom().randrange

_PLACES = 256
"""So many numbers of W, at places drawn for the training, tell whether it was there before."""

Step = tuple[Any, Any, tuple[Any, ...]]
"""W before, W after or None, and for each call with W before what tells its rows apart."""


class Watch:
    """Watches one call of a trainer; what it holds does not grow with the number of steps, but for one integer each."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self._shape = tuple(described["shape"])
        self._stride: int = described["stride"]
        self._reads_own: bool = described["reads_own"]
        size = self._shape[0] * self._shape[1]
        self._places = [_draw(size) for _ in range(min(_PLACES, size))]
        self._earlier: set[int] = set()
        self._is_inside = False
        self._calls = 0
        self._moves = 0
        self._W: Any = None
        self._batches: list[Any] = []
        self._first: list[Step] = []
        self._drawn: list[Step] = []
        self._largest: list[tuple[float, int, Step]] = []
        self._latest: deque[Step] = deque(maxlen=wire.LATEST_STEPS)

    def of(self, loss: Callable[..., Any], owner: Any = None) -> Callable[..., Any]:
        """The same loss, watched. owner: the object whose W it reads, unless W is its first argument."""

        @functools.wraps(loss)
        def watched(*arguments: Any, **keywords: Any) -> Any:
            if self._is_inside:  # a method that calls a watched function
                return loss(*arguments, **keywords)
            self._note(*_given(arguments, keywords, owner))
            self._is_inside = True
            try:
                return loss(*arguments, **keywords)
            finally:
                self._is_inside = False

        return watched

    def follow(self, owner: Any) -> None:
        """Watch the loss of an object, whether its class has it or the object itself."""
        loss = getattr(owner, "loss", None)
        if callable(loss):
            owner.loss = self.of(loss, owner if self._reads_own else None)

    def pack_steps(self, final: Any) -> list[wire.Buffer]:
        """The number of calls, and the steps, the first at the beginning; the last of them has no W after it.

        final: W as it is returned. If it is the best of all and not the latest, nothing is known of the last step.
        """
        kept = {
            id(step): step
            for step in (*self._first, *self._drawn, *(each for _, _, each in self._largest), *self._latest)
        }
        steps = list(kept.values())
        if self._W is not None and not self._was_earlier(final):
            steps.append((self._W, None, tuple(self._batches)))
        body: list[wire.Buffer] = [wire.pack_counts(self._calls, len(steps))]
        for before, after, batches in steps:
            body += [before.tobytes(), bytes([after is not None])]
            if after is not None:
                body.append(after.tobytes())
            body.append(wire.pack_counts(len(batches), *map(len, batches)))
            body += [batch.tobytes() for batch in batches]
        return body

    def _note(self, W: Any, X: Any) -> None:
        """A call of the loss. One without a W that can be read ends no step, so it hides none."""
        self._calls += 1
        weights = batch = None
        try:
            with packing.no_overrides(), np.errstate(all="ignore"):
                weights = self._weights(W)
                moved = None if weights is None or self._W is None else (weights - self._W).ravel()
                length = 0.0 if moved is None else float(moved @ moved)
                batch = self._rows(X)
        except Exception:  # W and X are whatever the student's code passes on
            pass
        if weights is None:
            return
        if moved is not None and length == 0:
            if (
                batch is not None
                and len(self._batches) < wire.MOST_BATCHES
                and sum(map(len, self._batches)) + len(batch) <= wire.MOST_ROWS
            ):
                self._batches.append(batch)
            return
        if moved is not None:
            self._keep((self._W, weights, tuple(self._batches)), length)
        if self._W is not None:
            self._earlier.add(self._mark(self._W))
        self._W, self._batches = weights, [] if batch is None else [batch]

    def _keep(self, step: Step, length: float) -> None:
        if not self._first:
            self._first.append(step)
        if len(self._drawn) < wire.DRAWN_STEPS:
            self._drawn.append(step)
        elif (place := _draw(self._moves + 1)) < wire.DRAWN_STEPS:
            self._drawn[place] = step
        self._latest.append(step)
        heapq.heappush(self._largest, (length, self._moves, step))
        if len(self._largest) > wire.LARGEST_STEPS:
            heapq.heappop(self._largest)
        self._moves += 1

    def _was_earlier(self, final: Any) -> bool:
        """Whether W was this before a step that another call of the loss followed."""
        weights = self._weights(final)
        return weights is not None and self._mark(weights) in self._earlier

    def _mark(self, weights: Any) -> int:
        return hash(weights.ravel()[self._places].tobytes())

    def _weights(self, W: Any) -> Any:
        """A copy of W in float32; None for anything else."""
        array_and_dtype = packing.as_array(W)
        if array_and_dtype is None or array_and_dtype[0].shape != self._shape:
            return None
        return np.array(array_and_dtype[0], dtype="<f4")

    def _rows(self, X: Any) -> Any:
        """A few numbers of each row, by which the judge knows it; none where X is not a batch of rows."""
        array_and_dtype = packing.as_array(X[:, :: self._stride])
        assert array_and_dtype is not None
        rows = np.array(array_and_dtype[0], dtype="<f4")
        return rows if len(rows) <= wire.MOST_ROWS else rows[:0]


def _given(arguments: tuple[Any, ...], keywords: Mapping[str, Any], owner: Any) -> tuple[Any, Any]:
    """W and X of a call of the loss, by position or by the courses' names."""
    left = list(arguments)
    W = getattr(owner, "W", None) if owner is not None else left.pop(0) if left else keywords.get("W")
    X = left[0] if left else keywords.get("X", keywords.get("X_batch"))
    return W, X
