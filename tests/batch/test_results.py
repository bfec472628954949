"""The results of a class, derived from its reports."""

import pytest

from grader.batch.results import derived, own_rules
from grader.batch.store import ReportStore
from grader.errors import RulesError
from tests.samples import report_of


def named(identifier, **fields):
    return report_of(submission={"id": identifier, "sha256": "a" * 64, "files": [], **fields})


def test_there_is_a_result_for_each_student_of_an_output_folder(tmp_path):
    store = ReportStore(tmp_path)
    members = [{"id": "1", "name": "Ann"}, {"id": "2"}]
    store.write("team", named("team", student=members[0], members=members))
    store.write("cem", named("cem", student={"id": "3"}))
    store.write("dia", named("dia"))

    results = derived(store).results

    assert [(each.id, each.student and each.student.id, each.score) for each in results] == [
        ("cem", "3", 10.0),
        ("dia", None, 10.0),
        ("team", "1", 10.0),
        ("team", "2", 10.0),
    ]


def test_a_folder_without_reports_has_no_results(tmp_path):
    assert derived(ReportStore(tmp_path)).results == ()


def test_the_instructors_files_in_the_folder_are_applied(tmp_path):
    store = ReportStore(tmp_path)
    store.write("cem", named("cem", submitted_at="2026-10-11T06:00:00+00:00"))
    store.rules_path.write_text(
        "due = 2026-10-10T00:00:00Z\nlate = {policy = 'constant', points = 1}\n"
        "overrides = [{id = 'bo', points = 1, reason = 'x'}]"
    )
    store.overrides_path.write_text(
        "overrides = [{id = 'cem', check = 'f_values', points = 4, reason = 'x'}]"
    )

    found = derived(store)

    assert [each.score for each in found.results] == [3.0]
    assert found.remarks == ("class.toml: override of bo: no submission or student is 'bo'",)


def test_rules_stay_for_later_runs_which_say_so(tmp_path):
    store, given = ReportStore(tmp_path / "out"), tmp_path / "mine.toml"
    given.write_text("grace = '0 min'")

    kept, words = own_rules(store, given)
    store.keep(kept)

    assert (kept, words) == ({"class.toml": b"grace = '0 min'"}, ())
    assert own_rules(store, None) == (
        {},
        (f"the rules of an earlier run hold: {tmp_path}/out/class.toml; remove the file to grade without",),
    )


@pytest.mark.parametrize("name", ["class.toml", "overrides.toml"])
def test_a_fault_in_them_is_found_before_anything_is_graded(tmp_path, name):
    (tmp_path / name).write_text("x = 1")

    with pytest.raises(RulesError, match=f"{name}: x is an unknown field"):
        own_rules(ReportStore(tmp_path), None)
