"""A class to push, hand-made."""

import contextlib
import sys
from dataclasses import dataclass

import pytest

from grader.batch import ReportStore
from grader.frontends import cli, head_start
from tests.push.fake_platform import CLIENT_ID, KEY_PEM
from tests.samples import check_part, report_of

GRADED_AT = "2026-04-20T21:03:11.412345+00:00"


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def grader(monkeypatch, capsys, tmp_path):
    """(words of the command line) to its exit code and output, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(head_start, "head_start", lambda _words: contextlib.nullcontext())

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return Ran(int(caught.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def store(tmp_path):
    """An empty output folder; the key and the users' file lie beside it."""
    made = ReportStore(tmp_path / "out")
    made.prepare()
    (tmp_path / "key.pem").write_bytes(KEY_PEM)
    (tmp_path / "key.pem").chmod(0o600)
    return made


def add_student(store, number, score=8.0, **changes):
    """A graded student s1, s2, ... whose LTI user id in `write_users` is u1, u2, ..."""
    fields = {
        "submission": {
            "id": f"hw{number}", "sha256": "a" * 64, "files": [], "submitted_at": "2026-04-20T20:58:00+00:00",
            "student": {"id": f"s{number}", "name": f"Student {number}"},
        },
        "score": score,
        "started_at": GRADED_AT,
        "checks": [check_part(points=score or 0.0, status="passed" if score == 10.0 else "failed")],
        **changes,
    }  # fmt: skip
    store.write(f"hw{number}", report_of(**fields))


def write_config(folder, platform, more="", face=None):
    """push.toml and users.csv in the folder; its path."""
    lines = "".join(f"s{number},u{number}\n" for number in range(1, 501))
    (folder / "users.csv").write_text(f"student_id,lti_id\n{lines}")
    path = folder / "push.toml"
    path.write_text(
        f'platform = "{face or platform.face}"\nline_item = "{platform.line_item}"\n'
        f'token_url = "{platform.url}/token"\nclient_id = "{CLIENT_ID}"\nkey_file = "key.pem"\nkey_id = "k1"\n'
        f"pause_seconds = 0.001\n{more}\n"
        '[users]\nfile = "users.csv"\nstudent = "student_id"\nuser = "lti_id"\n'
    )
    return path
