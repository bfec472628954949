"""The results of a class, derived from its reports."""

from grader.batch.results import class_results
from grader.batch.store import ReportStore
from tests.samples import report_of


def named(identifier, **fields):
    return report_of(submission={"id": identifier, "sha256": "a" * 64, "files": [], **fields})


def test_there_is_a_result_for_each_student_of_an_output_folder(tmp_path):
    store = ReportStore(tmp_path)
    members = [{"id": "1", "name": "Ann"}, {"id": "2"}]
    store.write("team", named("team", student=members[0], members=members))
    store.write("cem", named("cem", student={"id": "3"}))
    store.write("dia", named("dia"))

    results = class_results(store)

    assert [(each.id, each.student and each.student.id, each.score) for each in results] == [
        ("cem", "3", 10.0),
        ("dia", None, 10.0),
        ("team", "1", 10.0),
        ("team", "2", 10.0),
    ]


def test_a_folder_without_reports_has_no_results(tmp_path):
    assert class_results(ReportStore(tmp_path)) == ()
