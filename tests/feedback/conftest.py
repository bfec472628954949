"""A report and a submission with the words of an attacker wherever a student has a say."""

import json

import pytest

from grader.intake.submission import SourceFile, Submission
from tests.samples import check_part, report_of

EVIL = (
    "</code></pre></style></title></svg><script>alert(1)</script><img src=x onerror=alert(2)>"
    "<svg onload=alert(3)><style>*{display:none}</style>{{ 7*7 }} `code` & \" ' \u202e"
)


@pytest.fixture
def hostile():
    name = "<script>alert(0)<script>.ipynb"
    cells = [
        {
            "cell_type": "markdown",
            "source": f"# {EVIL}\n[x](javascript:alert(1)) ![](http://evil.example/x.png)",
        },
        {
            "cell_type": "code",
            "source": f'def f():\n    """{EVIL}"""\n    return 1\n\n# {EVIL}',
            "outputs": [{"output_type": "display_data", "data": {"text/html": f"{EVIL} OUTPUT"}}],
        },
        {"cell_type": "raw", "source": EVIL},
    ]
    submission = Submission(EVIL, (SourceFile(name, json.dumps({"cells": cells}).encode()),))
    where = {"file": name, "cell": 1, "line": 2}
    report = report_of(
        score=10.0,
        max_score=20.0,
        submission={
            "id": EVIL,
            "sha256": submission.sha256,
            "files": [{"path": name, "sha256": "0" * 64}],
            "student": {"id": EVIL, "name": EVIL, "email": EVIL, "platform": {EVIL: EVIL}},
            "submitted_at": EVIL,
            "late_mark": EVIL,
        },
        functions={
            "f": {"status": "incorrect", "where": where, "diagnosis": [], "notes": [EVIL]},
            "g": {"status": "missing", "where": None, "diagnosis": [], "notes": [EVIL]},
        },
        checks=[
            check_part(
                status="failed",
                points=0.0,
                message=f"f raised {EVIL} at {name}, cell 1, line 2: {EVIL}",
                failure={"function": "f", "kind": EVIL, "message": EVIL, "where": where, "line": EVIL},
            ),
            check_part(id="ok", title="f: more", measured={EVIL: 1.0}, curves={EVIL: [1.0, 2.0]}),
        ],
        flags=[{"kind": "note", "function": None, "message": EVIL, "for": "both"}],
    )
    return report, submission
