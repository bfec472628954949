"""A class of hostile submissions with right ones between them: one cannot stop, rob or spoil another."""

import shutil
import sys

import pytest

from tests.attacks.attack import ATTACKS, hand_in_twin
from tests.attacks.hand_ins import HAND_INS
from tests.attacks.leftovers import Snapshot
from tests.attacks.reports import assert_sound
from tests.attacks.school_class import RIGHT_POINTS, digest_of, grade_class, make_class, reports_in

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only"),
    pytest.mark.usefixtures("confined"),
]


ONE_OF_EACH_FAMILY = {attack.name.partition("_")[0]: attack for attack in ATTACKS}.values()
"""That each of the others leaves nothing behind, its own test shows."""


@pytest.mark.slow
def test_a_batch_of_hostile_submissions_of_each_family_between_right_ones(sandbox, tmp_path, request):
    is_in_full = request.config.getoption("--in-full")
    attacks = ATTACKS if is_in_full else ONE_OF_EACH_FAMILY
    hand_ins = list(HAND_INS.values()) if is_in_full else list(HAND_INS.values())[::3]
    school_class = make_class(tmp_path / "class", attacks, hand_ins)
    out, class_before = tmp_path / "out", digest_of(school_class.folder)
    before = Snapshot.take(sandbox)

    result = grade_class(school_class.folder, sandbox, out)

    assert before.left_since(sandbox) == []
    reports = reports_in(out)
    assert set(reports) == set(school_class.limits)
    assert {path.name for path in out.iterdir()} == {"reports", "gradebook.csv", ".grader.lock"}
    assert len((out / "gradebook.csv").read_text().splitlines()) == 1 + len(reports)
    assert not result.has_grader_faults
    for name, report in reports.items():
        assert report.score is not None, name
        assert report.score <= school_class.limits[name], name
        assert report.environment.isolation == "confined"
        assert_sound(report)
    assert [reports[name].score for name in school_class.right] == [RIGHT_POINTS] * len(school_class.right)
    assert len(school_class.right) >= 8
    assert digest_of(school_class.folder) == class_before


NAMES_OF_OTHERS = (
    "alice.json",
    "ALICE",
    "alice ",
    "alice.",
    "Alice\u0301",
    "gradebook",
    "gradebook.csv",
    "reports",
    "con",
    ".alice",
    "=cmd|' /c calc'!A1",
    "<script>alert(1)</script>",
    "..\\..\\alice",
    "alice\u202egnp.py",
    "alice\nbob",
    "\x1b[2Jalice",
    "a" * 250,
    "\udcff\udcfe",
)


def test_a_submission_named_like_another_students_or_like_a_report_takes_nobodys_place(sandbox, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "out"
    folder.mkdir()
    shutil.move(hand_in_twin("right", tmp_path / "made"), folder / "alice")
    for number, name in enumerate(NAMES_OF_OTHERS):
        shutil.move(hand_in_twin("wrong", tmp_path / f"made_{number}"), folder / name)

    result = grade_class(folder, sandbox, out)

    hidden = [name for name in NAMES_OF_OTHERS if name.startswith(".")]  # nobody's
    assert len(result.outcomes) == 1 + len(NAMES_OF_OTHERS) - len(hidden)
    scores = {outcome.id: outcome.report.score for outcome in result.outcomes}
    assert len(scores) == len({name.casefold() for name in scores}) == len(result.outcomes)
    (best,) = [name for name, score in scores.items() if score == RIGHT_POINTS]
    assert best.startswith("alice")
    assert set(reports_in(out)) == set(scores)
    for name in scores:
        assert name.isprintable()
        assert not set(name) & set('<>:"/\\|?*')
    lines = (out / "gradebook.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(scores)
    assert not any(line.startswith(("=", "+", "-", "@")) for line in lines)
