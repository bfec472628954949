"""Small inputs for hypothesis, which shrinks those that fail, built from the same pieces."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from grader.intake.submission import SourceFile, Submission
from tests.fuzz import corpus
from tests.fuzz.answers import TRIALS, Sent

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(corpus.TOKENS)
    | st.sampled_from(("code", "markdown", "x = 1\n")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ("cells", "worksheets", "nbformat", "cell_type", "source", "input", "metadata", "x")
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
_PYTHON = st.lists(
    st.sampled_from(corpus.TOKENS) | st.sampled_from(corpus.WRITTEN) | st.text(max_size=3), max_size=12
).map("".join)


def _of(path: str, content: bytes) -> Submission:
    return Submission("fuzz", (SourceFile(path, content),))


SUBMISSIONS = (
    _PYTHON.map(lambda text: _of("hw.py", text.encode("utf-8", "surrogatepass")))
    | _JSON.map(lambda document: _of("hw.ipynb", json.dumps(document).encode()))
    | st.lists(_PYTHON, max_size=4).map(
        lambda sources: _of(
            "hw.ipynb",
            json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode(),
        )
    )
)
"""A module, any JSON, or a notebook of odd cells."""

SENT = st.builds(
    Sent,
    trial=st.integers(0, len(TRIALS) - 1),
    request_id=st.just(7),
    stream=st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: b"LCG1\7" + bytes(7) + tail),
    body=st.binary(max_size=200),
    kind=st.integers(0, 255),
    is_silent=st.just(False),
)
