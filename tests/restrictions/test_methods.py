"""What one function's handout rules out: found under any name, and in a class at the cost of the methods that use it."""

import pytest

from grader.extract import extract
from grader.intake.submission import SourceFile, Submission
from grader.model.assignment import AnyFunction, Assignment, Limits, Restrictions
from grader.model.verdict import Verdict
from grader.restrictions import find_violations, verdict_under
from reference import Convention

RULED_OUT = ("numpy.linalg.norm", "scipy")
ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="numpy",
    functions={
        "Knn": AnyFunction(
            role="function", restricted=RULED_OUT, methods={"far": "(X)", "near": "(X)", "vote": "(d)"}
        ),
        "rule": AnyFunction(role="function"),
    },
    limits=Limits(),
    restrictions=Restrictions(names="fail"),
)
CLASS = """
import numpy as np
{imports}

{helper}

class Knn:
    def far(self, X):
        return {far}

    def near(self, X):
        return {near}

    def vote(self, d):
        return d.argmin(1)

def rule(w):
    return w / np.linalg.norm(w)
"""


def violations_of(far="X", near="X", imports="", helper="", assignment=ASSIGNMENT):
    source = CLASS.format(far=far, near=near, imports=imports, helper=helper)
    extracted = extract(Submission("s", (SourceFile("hw.py", source.encode()),)), list(ASSIGNMENT.functions))
    return find_violations(assignment, extracted, {})


@pytest.mark.parametrize(
    "imports,far",
    [
        ("", "np.linalg.norm(X)"),
        ("from numpy.linalg import norm", "norm(X)"),
        ("from numpy.linalg import norm as size", "size(X)"),
        ("import numpy.linalg as LA", "LA.norm(X)"),
        ("size = np.linalg.norm", "size(X)"),
        ("from numpy import linalg", "(lambda f: f(X))(linalg.norm)"),
    ],
)
def test_it_is_found_under_any_name_and_is_free_where_nothing_rules_it_out(imports, far):
    (violation,) = violations_of(far, imports=imports)

    assert (violation.function, violation.kind, violation.policy) == ("Knn", "names", "fail")
    assert violation.methods == {"far"}
    assert violation.message.startswith("Knn uses numpy.linalg.norm (hw.py, line ")
    assert violation.message.endswith(", which this assignment does not allow.")


@pytest.mark.parametrize(
    "far", ["scipy.spatial.distance.cdist(X, X)", "spatial.distance_matrix(X, X)", "cdist(X, X)"]
)
def test_a_module_is_ruled_out_with_all_that_is_in_it(far):
    imports = "import scipy.spatial\nfrom scipy import spatial\nfrom scipy.spatial.distance import cdist"

    found = [each for each in violations_of(far, imports=imports) if each.policy == "fail"]

    assert [(each.kind, each.methods) for each in found] == [("names", {"far"})]


def test_importing_a_module_that_is_not_used_is_free():
    assert violations_of(imports="import scipy\nimport scipy.spatial\nfrom numpy.linalg import norm") == ()


def test_helpers_cost_the_methods_that_lead_to_them():
    inner = "def size(X):\n    return np.linalg.norm(X)\n\ndef outer(X):\n    return size(X)"

    assert violations_of("outer(X)", helper=inner)[0].methods == {"far"}
    assert violations_of("outer(X)", "size(X)", helper=inner)[0].methods == {"far", "near"}
    assert violations_of("np.linalg.norm(X)", "self.far(X)")[0].methods == {"far", "near"}


def test_only_the_checks_of_these_methods_lose_their_points():
    violations = violations_of("np.linalg.norm(X)")
    passed = Verdict("passed", 1.0, "Right.")

    assert verdict_under(violations, ["Knn"], passed, ("far",)).credit == 0.0
    assert verdict_under(violations, ["Knn"], passed, ("near",)) is passed
    assert verdict_under(violations, ["Knn"], passed, ()) is passed
    assert verdict_under(violations, ["Knn"], passed).credit == 0.0
    assert verdict_under(violations, ["rule"], passed) is passed


def test_the_policy_is_the_specs():
    noted = ASSIGNMENT.model_copy(update={"restrictions": Restrictions()})
    ignored = ASSIGNMENT.model_copy(update={"restrictions": Restrictions(names="ignore")})

    (violation,) = violations_of("np.linalg.norm(X)", assignment=noted)
    assert violation.message.endswith("): something that the handout rules out here. It costs no points.")
    assert violations_of("np.linalg.norm(X)", assignment=ignored) == ()
