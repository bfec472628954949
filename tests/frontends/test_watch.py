"""Watching: what counts as a save, what is said of it, and a real process from the first result to Ctrl-C."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from grader import api
from grader.api import Grader
from grader.errors import SpecError, SubmissionNotFound
from grader.frontends import cli, terminal, watch
from grader.frontends.progress import check_progress
from grader.frontends.watch import Snapshot, Watcher, look, next_change
from grader.model.report import parse_report
from grader.sandbox.fake import FakeSandbox
from tests.pace import HANG_SECONDS
from tests.samples import BOTH_FUNCTIONS, MINI_SPEC, check_part, report_of

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "submissions" / "eecs498_2019" / "perfect_module" / "linear_classifier.py"

OLD = Snapshot({"hw.py": (1, 10, 5)})
HALF = Snapshot({"hw.py": (2, 3, 5)})
NEW = Snapshot({"hw.py": (3, 11, 5)})
GONE = Snapshot({})


def waited(*looks):
    """The change that ends the waiting for these looks, and what was said."""
    said = []
    left = iter(looks)
    found = next_change(lambda: next(left), OLD, lambda: said.append("gone"), sleep=lambda _: None)
    return found, said, list(left)


def test_the_files_of_a_spec_folder_are_watched_too(tmp_path):
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "spec.toml").write_text("")
    for spec in (tmp_path / "toy", tmp_path / "toy" / "spec.toml"):
        watcher = Watcher(Grader("cs231n"), tmp_path / "hw.py", str(spec), None, lambda report: report)
        names = [path.name for path in watcher._spec_files]
        assert names == ["spec.toml", "questions.py", "drivers.py"]
    assert Watcher(Grader("cs231n"), tmp_path, "cs231n", None, lambda report: report)._spec_files == ()


def test_a_change_counts_once_it_stays_for_one_look():
    assert waited(OLD, OLD, HALF, NEW, NEW) == (NEW, [], [])


def test_a_file_that_is_removed_and_written_again_was_never_gone():
    assert waited(OLD, GONE, GONE, NEW, NEW) == (NEW, [], [])


def test_a_file_that_stays_away_is_told_once_and_graded_when_it_is_back():
    assert waited(*[GONE] * 30, OLD, OLD) == (OLD, ["gone"], [])


def test_the_change_is_told_by_file():
    before = Snapshot({"a.py": (1, 1, 1), "b.py": (1, 1, 2), "c.py": (1, 1, 3)})
    after = Snapshot({"a.py": (2, 1, 1), "b.py": (1, 1, 9), "d.py": (1, 1, 4)})

    assert after.change_from(before) == "a.py and b.py saved, d.py added, c.py removed"


def test_a_folder_is_watched_for_what_is_graded_and_its_spec(tmp_path):
    folder, spec = tmp_path / "work", tmp_path / "mini.toml"
    folder.mkdir()
    assert look(folder, spec).is_gone
    for name in ("hw.py", "notes.txt", "report.json"):
        (folder / name).write_text("x = 1\n")
    spec.write_text(MINI_SPEC)

    first = look(folder, spec)
    saved = folder / "new"
    saved.write_text("x = 1\n")
    saved.rename(folder / "hw.py")

    assert sorted(first.files) == ["hw.py", "mini.toml"]
    assert look(folder, spec).change_from(first) == "hw.py saved"


@pytest.fixture
def watching(monkeypatch, capsys, tmp_path):
    """(words, what to do at each wait) to exit code and output; Ctrl-C at the wait after the last."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(api, "_sandbox", lambda **_: contextlib.nullcontext(FakeSandbox()))
    monkeypatch.setattr("time.strftime", lambda _: "14:52:31")
    (tmp_path / "mini.toml").write_text(MINI_SPEC)
    (tmp_path / "hw.py").write_text(BOTH_FUNCTIONS)

    def run(*words, saves=()):
        left = iter(saves)

        def change(look_now, *_):
            save = next(left, None)
            if save is None:
                raise KeyboardInterrupt
            save()
            return look_now()

        monkeypatch.setattr(watch, "next_change", change)
        monkeypatch.setattr(sys, "argv", ["grader", "check", "hw.py", "--watch", *words])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = capsys.readouterr()
        return caught.value.code or 0, captured.out, captured.err

    return run


def test_the_first_result_is_whole_and_ctrl_c_ends_the_wait_with_success(watching):
    code, out, err = watching("--spec", "mini.toml")

    assert (code, err) == (0, "")
    assert out.startswith("Mini\n")
    assert out.endswith("Score: 0 of 20\nWatching hw.py. Ctrl-C stops.\n\nStopped.\n")


def test_a_save_that_changes_nothing_runs_nothing(watching):
    _, out, _ = watching(
        "--spec", "mini.toml", saves=[lambda: Path("hw.py").write_text(BOTH_FUNCTIONS + "\n")]
    )

    assert "\n14:52:31  hw.py saved: no check to run again.\nScore: 0 of 20\n" in out


def test_a_save_that_cannot_be_graded_is_one_sentence_and_the_watch_goes_on(watching):
    def broken():
        Path("mini.toml").write_text("name = ")

    def mended():
        Path("mini.toml").write_text(MINI_SPEC.replace("points = 10", "points = 11"))

    code, out, _ = watching("--spec", "mini.toml", saves=[broken, mended])

    assert code == 0
    assert "\n14:52:31  mini.toml saved\nmini.toml: the file is invalid TOML: invalid value" in out
    assert "14:52:31  mini.toml saved: 4 of 4 checks run again in " in out
    assert "Score: 0 of 21 (before: 0 of 20)\n" in out


def test_a_submission_of_no_known_assignment_is_watched_until_it_is_of_one(watching):
    code, out, _ = watching(saves=[lambda: Path("hw.py").write_text("x = 2\n")])

    assert code == 0
    assert [line[:9] for line in out.splitlines() if line] == [
        "hw: canno",
        "Watching ",
        "14:52:31 ",
        "hw: canno",
        "Stopped.",
    ]


@pytest.mark.parametrize(
    "words, told",
    [
        (["--spec", "nosuch"], "no spec is named 'nosuch'"),
        (["--json", "-"], "--watch writes more than one report; give --json a file"),
        (["--spec", "mini.toml", "--only", "h"], "mini has no check 'h'"),
    ],
)
def test_what_no_save_can_mend_ends_it(watching, words, told):
    code, _, err = watching(*words)

    assert code == 2
    assert told in err


def test_the_json_file_holds_the_latest_report(watching, tmp_path):
    watching(
        "--spec",
        "mini.toml",
        "--json",
        "out.json",
        saves=[lambda: Path("hw.py").write_text(BOTH_FUNCTIONS + "y = 1\n")],
    )

    written = parse_report((tmp_path / "out.json").read_text())
    assert (
        written.submission.files[0].sha256 == api.grade_path("hw.py", "mini.toml").submission.files[0].sha256
    )


def test_a_change_is_told_by_what_passes_and_fails_now(capsys):
    def report(first, second, message="f is wrong."):
        checks = [
            check_part(status=first, message=message),
            check_part(
                id="g_values", title="g: values", functions=["g"], status=second, message="g is wrong."
            ),
        ]
        return report_of(score=10.0 * (first == "passed"), checks=checks)

    console = Console(width=80)
    terminal.show_change(
        console,
        "14:52:31  hw.py saved",
        report("passed", "failed"),
        report("failed", "failed"),
        {"f_values"},
        0.25,
    )
    terminal.show_change(
        console,
        "14:52:32  hw.py saved",
        report("failed", "failed"),
        report("passed", "failed"),
        {"f_values"},
        0.25,
    )

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "",
        "14:52:31  hw.py saved: 1 of 2 checks run again in 0.25 s.",
        "Score: 10 of 10 (before: 0 of 10)",
        "  Now passes: f: values.",
        "  Still fails, as before: g: values.",
        "",
        "14:52:32  hw.py saved: 1 of 2 checks run again in 0.25 s.",
        "Score: 0 of 10 (before: 10 of 10)",
        "  Now fails: f: values.",
        "",
        "f: values (failed)",
        "  f is wrong.",
        "  Still fails, as before: g: values.",
    ]


def test_a_pipe_whose_reader_left_is_not_read(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr("sys.stdout", output)
        seen = [watch.is_read()]
        os.close(reading)
        seen.append(watch.is_read())
        monkeypatch.undo()

    assert seen == [True, False]


def test_functions_that_are_still_missing_are_not_told_again(capsys):
    def report(**functions):
        gone = [check_part(id=name, functions=[name], status="skipped", message="gone") for name in functions]
        return report_of(checks=[check_part(), *gone], functions=functions)

    missing: dict[str, object] = {"status": "missing", "where": None, "diagnosis": [], "notes": []}
    console = Console(width=80)
    terminal.show_change(console, "14:52:31  hw.py saved", report(g=missing), report(), {"f"}, 0.25)
    first = capsys.readouterr().out
    terminal.show_change(console, "14:52:32  hw.py saved", report(g=missing), report(g=missing), {"f"}, 0.25)
    second = capsys.readouterr().out

    assert "Missing: g; the checks that need it were skipped." in first
    assert "Missing" not in second


def test_a_check_that_takes_long_shows_its_progress_before_the_next_begins(monkeypatch):
    is_shown = threading.Event()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("rich.status.Status.start", lambda _: is_shown.set())

    with check_progress(0.01) as progress:
        assert progress is not None
        progress(0, 2, "f: values")
        assert is_shown.wait(HANG_SECONDS)


def cpu_seconds(process):
    """Of a process and all that it started and that has ended, or is there."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


@pytest.mark.slow
def test_a_watch_grades_a_save_at_a_fraction_of_the_first_grading_and_leaves_nothing(tmp_path):
    text = SAMPLE.read_text()
    start = text.index("def predict_linear_classifier")
    body = text.index(":\n", start) + 2
    file, temporary = tmp_path / "linear_classifier.py", tmp_path / "temporary"
    file.write_text(text)
    temporary.mkdir()
    words = ["check", str(file), "--spec", "eecs498_2019", "--quick", "--watch"]
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    seen = psutil.Process(process.pid)
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        first = [next(line for line in lines if line.startswith(("Score", "Watching"))) for _ in range(2)]
        at_first = cpu_seconds(seen)
        file.write_text(text[:body] + "    return None\n" + text[body:])
        second = [next(line for line in lines if "linear_classifier.py saved: " in line)]
        second.append(next(lines))
        again = cpu_seconds(seen) - at_first
        children = seen.children(recursive=True)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=HANG_SECONDS)
    finally:
        process.kill()

    assert first == ["Score: 86 of 86\n", "Watching linear_classifier.py. Ctrl-C stops.\n"]
    assert " of 28 checks run again in " in second[0]
    assert second[1].endswith(" of 86 (before: 86 of 86)\n")
    assert again < 0.35 * at_first
    assert rest.endswith("\nStopped.\n")
    assert process.returncode == 0
    assert psutil.wait_procs(children, timeout=HANG_SECONDS)[1] == []
    assert list(temporary.iterdir()) == []


def test_what_a_save_can_mend_and_what_it_cannot(tmp_path):
    def watcher(submission, spec=None):
        return watch.Watcher(api.Grader(), submission, spec, None, lambda report: report)

    assert not watcher(tmp_path / "hw.py")._can_be_mended(SubmissionNotFound.at(tmp_path, "nothing"))
    assert watcher(tmp_path)._can_be_mended(SpecError("cannot tell"))
    assert not watcher(tmp_path, "nosuch")._can_be_mended(SpecError("no spec"))
