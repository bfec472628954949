"""Printed accuracies beside measured ones: notes that earn nothing, a flag where they are far apart, silence where nobody knows."""

import json

import pytest

from grader.checks.training.saved import SavedCheck
from grader.checks.training.saved_file import SavedFile
from grader.grading.check_result import CheckResult
from grader.grading.claims import claims_of, far_off
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import SourceFile, Submission, load_submission
from grader.model.report import student_view
from grader.model.verdict import Verdict
from grader.sandbox.fake import FakeSandbox
from grader.spec import load_spec
from grader.spec.claims import Claim
from tests.test_samples import SUBMISSIONS

SAVED = SavedCheck(
    kind="saved",
    id="saved",
    title="Saved weights",
    points=1,
    files=(SavedFile(file="best.npy", arrays={"W": (3073, 10)}, images="channels_last", test_bar=0.35),),
)
TEST = Claim(
    title="Test accuracy",
    tag="test",
    notebook="softmax",
    before="accuracy:",
    check="saved",
    number="best_test_accuracy",
)
ALONE = Claim(title="Features", tag="nn", notebook="features")


def notebook(path, tag, text, key="test"):
    cells = [
        {"cell_type": "code", "source": "1", "metadata": {}, "outputs": []},
        {
            "cell_type": "code",
            "source": "print()",
            "metadata": {key: tag},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}],
        },
    ]
    return SourceFile(path, json.dumps({"cells": cells}).encode())


def found(*files, claims=(TEST, ALONE), measured=0.362, has_data=True, check=SAVED):
    numbers = {} if measured is None else {"best_test_accuracy": measured}
    results = [CheckResult(check, Verdict("passed", 1.0, "Right.", measured=numbers))]
    return claims_of(Submission("s", files), claims, results, has_data=has_data)


SOFTMAX = notebook("a/softmax.ipynb", "test", "final accuracy: 0.371000\n")


@pytest.mark.parametrize(
    "path,key",
    [("softmax.ipynb", "test"), ("Copy of Softmax (1).ipynb", "test"), ("a/b/softmax.ipynb", "id")],
)
def test_a_printed_accuracy_stands_beside_the_measured_one(path, key):
    (claim,) = found(notebook(path, "test", "final accuracy: 0.371000\n", key))

    assert (claim.file, claim.cell, claim.printed, claim.measured) == (path, 2, 0.371, 0.362)
    assert claim.message == "printed 0.371, measured 0.362 on your saved weights"


def test_on_the_stand_in_nothing_is_compared():
    (claim,) = found(SOFTMAX, has_data=False)

    assert claim.measured is None
    assert claim.message == "printed 0.371; not measured, because that needs CIFAR-10 (--data)"


def test_without_weights_it_says_so():
    assert (
        found(SOFTMAX, measured=None)[0].message == "printed 0.371; your saved weights could not be measured"
    )


def test_what_no_file_can_confirm_is_a_claim_alone():
    (claim,) = found(notebook("features.ipynb", "nn", "0.583\n"))

    assert (claim.measured, claim.message) == (None, "printed 0.583; nothing to compare it with")


def test_what_is_no_share_is_not_compared():
    (claim,) = found(notebook("softmax.ipynb", "test", "accuracy: 37.1\n"))

    assert (claim.measured, claim.message) == (
        None,
        "printed 37.1; not a fraction of the images, so it was not compared",
    )


def test_what_a_hidden_check_measures_is_told_to_nobody():
    (claim,) = found(SOFTMAX, check=SAVED.model_copy(update={"visibility": "hidden"}))

    assert "0.362" not in claim.model_dump_json()


@pytest.mark.parametrize(
    "files",
    [
        (),
        (SourceFile("softmax.ipynb", b"{"),),
        (notebook("softmax.ipynb", "tuning", "accuracy: 0.4"),),
        (notebook("knn.ipynb", "test", "accuracy: 0.4"),),
        (notebook("softmax.ipynb", "test", "I forgot"),),
        (notebook("softmax.ipynb", "test", "accuracy: 1e300"),),
        (SourceFile("softmax.py", b'{"metadata": {"test": "test"}}'),),
    ],
    ids=["nothing", "damaged", "another tag", "another notebook", "no number", "no accuracy", "a module"],
)
def test_without_a_number_there_is_nothing_to_say(files):
    assert found(*files) == ()


def test_of_two_notebooks_the_one_nearest_to_the_top_counts():
    deep = notebook("old/attempts/softmax.ipynb", "test", "accuracy: 0.2")

    assert found(deep, SOFTMAX)[0].printed == 0.371


def test_a_number_far_from_what_the_weights_give_is_for_the_instructor():
    near, far = found(SOFTMAX, measured=0.33), found(SOFTMAX, measured=0.3)

    assert list(far_off(near)) == []
    (flag,) = far_off(far)
    assert (flag.kind, flag.function, flag.audience) == ("suspect_accuracy", None, "instructor")
    assert flag.message == (
        "Test accuracy: a/softmax.ipynb, cell 2, prints 0.371, but 0.3 was measured with CIFAR-10. The cell"
        " may be from another run, or edited, or the data may have been prepared differently. Printed"
        " numbers neither earn"
        " nor cost points."
    )


def test_what_was_not_measured_is_no_reason_to_look():
    assert list(far_off(found(SOFTMAX, has_data=False, measured=0.1))) == []


def test_the_report_and_the_student_s_view_of_it_have_every_number_that_the_handout_s_notebooks_print():
    folder = SUBMISSIONS / "cs231n_2025" / "zip_as_handed_in"
    loaded = load_spec("cs231n_2025")

    report = grade(load_submission(folder), loaded, FakeSandbox(), Settings(seed=1, only=frozenset()))

    assert [claim.title for claim in report.claims] == [claim.title for claim in loaded.spec.claims]
    assert report.claims[3].printed == 0.362
    assert student_view(report).claims == report.claims
