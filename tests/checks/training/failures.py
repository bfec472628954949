"""One call of each kind that gives no values."""

from grader.model.observation import Died, Missing, Observation, Raised, Refused, TimedOut
from tests.checks.students import PLACE

FAILURES: dict[str, Observation] = {
    "raised": Raised("ValueError", "no", PLACE, 0.1),
    "timed out": TimedOut(30.0),
    "died": Died("exit code 3"),
    "missing": Missing("it is defined nowhere"),
    "refused": Refused("not called: no time was left"),
}
