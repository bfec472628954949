"""How a run of the command line ends."""

import pytest

from grader.frontends import app
from grader.sandbox import interruption


@pytest.mark.parametrize("is_asked_to_stop, end", [(True, KeyboardInterrupt), (False, SystemExit)])
def test_a_stop_that_a_library_wrapped_in_its_own_error_is_a_stop(monkeypatch, is_asked_to_stop, end):
    def wraps(**_):
        raise RuntimeError("Error building a validator: KeyboardInterrupt")

    monkeypatch.setattr(app, "app", wraps)
    monkeypatch.setattr(interruption._Request, "is_made", is_asked_to_stop)

    with pytest.raises(end):
        app.run()
