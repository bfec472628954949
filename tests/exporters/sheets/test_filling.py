"""Any class and any sheet: each score is in the row of its student, and every other cell is as it was."""

import csv
import io
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.exporters import ExportContext
from grader.exporters.sheet import export
from grader.model.report import StudentPart
from tests.exporters.sheets.results import result

_IDS = st.sampled_from(
    ["1", "01", "001", "-1", "=1+1", "ann", "Ann", "a;b", "a,b", 'a"b', "é", "@x", "1e5", "100000"]
)
_TEXTS = st.text(st.sampled_from(" =+-@;,\"'\n\tá1"), max_size=5)
_SCORED = result("x")


@settings(max_examples=150, deadline=None)
@given(
    ids=st.lists(_IDS, unique_by=str.casefold, max_size=5),
    rows=st.lists(st.tuples(_IDS, _TEXTS, st.sampled_from(["", "-", "1.5", "3,25", "EX"])), max_size=6),
    delimiter=st.sampled_from(",;\t"),
    scores=st.lists(st.floats(0, 200), min_size=5, max_size=5),
)
def test_scores_reach_their_rows_and_nothing_else_changes(ids, rows, delimiter, scores):
    assert _SCORED.report is not None
    results = [
        replace(
            _SCORED,
            id=f"s{at}",
            student=StudentPart(id=each, platform={"id": each}),
            report=_SCORED.report.model_copy(update={"score": scores[at]}),
        )
        for at, each in enumerate(ids)
    ]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([("id", "note", "points"), *rows])
    before = stream.getvalue()

    made = export(
        results,
        ExportContext(sheet=before.encode(), key="id", column="points", settings={"unmatched": "skip"}),
    )

    by_id = {each.casefold(): f"{scores[at]:.2f}" for at, each in enumerate(ids)}
    matched = [each for each, _, _ in rows if each.casefold() in by_id]
    is_double = len({each.casefold() for each in matched}) < len(matched)
    assert bool(made.problems) == (is_double or bool(ids and not matched))
    assert made.matched + len(made.left_out) == len(ids) or made.problems
    for artifact in made.artifacts:
        _, *after = csv.reader(io.StringIO(artifact.content.decode(), newline=""), delimiter=delimiter)
        for (key, note, old), new in zip(rows, after, strict=True):
            wanted = by_id.get(key.casefold(), old)
            assert new[:2] == [key, note]
            assert new[2] == old or new[2].replace(",", ".") == wanted
            if key.casefold() in by_id:
                assert float(new[2].replace(",", ".")) == float(wanted)
