"""A spec's own folder: its questions are tried before anybody is graded, and it travels as its files."""

import errno
import os
import pickle
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.questions.answers import AnswersCheck
from grader.errors import OutputError, SpecError
from grader.execution.forecast import spec_needs_torch
from grader.model.trial import NumberOutput
from grader.spec import load_spec, own_questions
from grader.spec.own_folder import require_out_of_reach
from grader.spec.starting import write_new_spec

DRIVERS = '''"""Passes values on."""

SECRET = 41


class Box:
    kept = 1


def call(squared_loss, w, X, y):
    return squared_loss(w, X, y) if Box.kept else None


def better(w, X, y):
    return SECRET
'''


@pytest.fixture
def folder(tmp_path):
    write_new_spec(tmp_path / "toy")
    return tmp_path / "toy"


def change(folder, old, new, name="questions.py"):
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def refusal(folder):
    with pytest.raises(SpecError) as caught:
        load_spec(str(folder))
    return str(caught.value).replace(f"{folder}/", "")


def trials(loaded, seed=3):
    (check,) = loaded.spec.checks
    assert isinstance(check, AnswersCheck)
    return check.trials(CheckContext(loaded.spec.assignment, seed))


def test_a_folder_or_its_spec_is_loaded_with_its_questions(folder):
    loaded = load_spec(str(folder))

    assert loaded == load_spec(str(folder / "spec.toml"))
    assert loaded.spec.name == "toy"
    assert trials(loaded)[0].outputs[0] == NumberOutput()
    assert not spec_needs_torch(folder)


def test_another_toml_file_beside_questions_has_none(folder):
    (folder / "other.toml").write_text((folder / "spec.toml").read_text("utf-8"), "utf-8")

    assert "checks[0].question must be one of 'cnn" in refusal(folder / "other.toml")


def test_a_pickled_spec_needs_no_folder(folder):
    loaded = load_spec(str(folder))
    content = pickle.dumps(loaded)
    for place in sorted(folder.rglob("*"), reverse=True):
        place.rmdir() if place.is_dir() else place.unlink()

    again = pickle.loads(content)

    assert again.sha256 == loaded.sha256
    assert again.spec.model_dump() == loaded.spec.model_dump()
    for one, other in zip(trials(loaded), trials(again), strict=True):
        assert np.array_equal(one.positional[0].array, other.positional[0].array)


def test_the_hash_covers_the_code_and_not_the_implementations(folder):
    before = load_spec(str(folder)).sha256

    (folder / "wrong" / "another.py").write_text("squared_loss = None\n")
    assert load_spec(str(folder)).sha256 == before
    (folder / "drivers.py").write_text(DRIVERS)
    with_drivers = load_spec(str(folder)).sha256
    change(folder, "most students", "students", "right/plain.py")
    change(folder, "inputs again", "inputs once more")
    assert len({before, with_drivers, load_spec(str(folder)).sha256}) == 3


def test_a_worker_gets_one_function_of_the_drivers_and_what_it_needs(folder):
    (folder / "drivers.py").write_text(DRIVERS)
    change(
        folder,
        "    answer=answer,",
        '    answer=answer,\n    driver=("drivers", "call"),\n    right=("drivers", "better"),',
    )
    loaded = load_spec(str(folder))
    (check,) = loaded.spec.checks

    source = trials(loaded)[0].driver.source
    right = check.replacement(loaded.spec.assignment)

    assert "def call" in source
    assert "class Box" in source
    assert "SECRET" not in source
    assert "better" not in source
    assert right is not None
    assert "SECRET = 41" in right.source
    assert "call" not in right.source


@pytest.mark.parametrize(
    "old,new,message",
    [
        ("def draw(rng):", "def draw(rng)", "line 9: the file cannot be run: SyntaxError: expected ':'"),
        (
            "from grader.authoring",
            "import beside\nfrom grader.authoring",
            (
                "line 6: the file cannot be run: ModuleNotFoundError: No module named 'beside'; it can import installed"
                " packages, and no file beside it"
            ),
        ),
        ("QUESTIONS = (SQUARED_LOSS,)", "raise SystemExit", "the file cannot be run: SystemExit"),
        (
            "QUESTIONS = (SQUARED_LOSS,)",
            "QUESTIONS = (SQUARED_LOSS)",
            "QUESTIONS must be a tuple of questions (a tuple of one has a comma: QUESTIONS = (FIT,))",
        ),
        (
            "cases = []",
            "cases = 1 / 0",
            "line 14: draw of 'squared_loss' raised ZeroDivisionError: division by zero",
        ),
        (
            "residual = X @ w - y",
            "residual = w @ X - y",
            "line 24: answer of 'squared_loss' (N=8, D=3) raised ValueError: matmul:",
        ),
        (
            'return {"loss": (residual**2).mean()',
            'return {"loss": residual**2',
            (
                "line 21: answer of 'squared_loss' (N=8, D=3) gives loss as an array of shape (8,); a number has 0"
                " dimensions"
            ),
        ),
        (
            '{"loss": (residual',
            '{"los": (residual',
            "must return a dict with ['loss', 'dw'] (got ['dw', 'los'])",
        ),
        (
            "    residual = X @ w - y",
            "    w += 1\n    residual = X @ w - y",
            "changes its inputs: work on copies",
        ),
        ("rng.normal(size=N)", "np.random.normal(size=N)", "must give the same cases for the same seed"),
        (
            '{"w": rng.normal(size=D), "X"',
            '{"X": rng.normal(size=D), "w"',
            "must give the inputs ['w', 'X', 'y'], in this order (got ['X', 'w', 'y']), on N=8, D=3",
        ),
        (
            '"y": rng.normal(size=N)',
            '"y": [0.0] * N',
            "gives y as a list; write np.asarray(...), on N=8, D=3",
        ),
        ('answer(inputs)["dw"] / 2', 'answer(inputs)["dw"] / 1', "equals the right answer in all 12 cases"),
        ('answer(inputs)["dw"] / 2', 'answer(inputs)["d"] / 2', "(dw) raised KeyError: 'd'"),
        (
            '"dw": "array"}',
            '"dw": "matrix"}',
            "must be one of 'number', 'array', 'labels' or 'series' (got 'matrix')",
        ),
        ("It equals half of", "It equals {half} of", "has braces in its message that are not placeholders"),
        (
            "    answer=answer,",
            '    answer=answer,\n    driver=("drivers", "call"),',
            "must be in drivers.py, which is not in the folder",
        ),
        (
            "    answer=answer,",
            "    answer=answer,\n    rules=(1,),",
            "rules of 'squared_loss' must hold rules only (got int)",
        ),
    ],
)
def test_what_is_amiss_in_the_questions_is_told_with_its_line(folder, old, new, message):
    change(folder, old, new)
    if "np.random" in new:
        change(folder, "from grader.authoring", "import numpy as np\nfrom grader.authoring")

    told = refusal(folder)

    assert told.startswith("questions.py: ")
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize(
    "old,new,message",
    [
        ("cases = []", "cases = []\n    while True: pass", "line 15: draw of 'squared_loss' did not finish"),
        (
            "residual = X @ w - y",
            "while True: pass",
            "line 24: answer of 'squared_loss' (N=8, D=3) did not finish",
        ),
        ("QUESTIONS = (", "while True: pass\nQUESTIONS = (", "line 64: the file did not finish"),
    ],
)
def test_what_never_ends_is_told_with_its_line(folder, monkeypatch, old, new, message):
    monkeypatch.setattr(own_questions, "SECONDS", 0.5)
    change(folder, old, new)

    assert refusal(folder) == f"questions.py: {message} within 0.5 s; does a loop never end?"


@pytest.mark.parametrize("is_there", [True, False])
def test_what_fails_with_a_later_seed_is_told_with_its_line(folder, is_there):
    change(
        folder, "cases = []", "cases = [] if rng.random() < 0.9 else None  # the seeds of the trial go well"
    )
    loaded = load_spec(str(folder))
    if not is_there:
        loaded = pickle.loads(pickle.dumps(loaded))

    def until_it_fails():
        for seed in range(100):
            trials(loaded, seed)

    words = r"questions\.py: line 17: draw of 'squared_loss' raised AttributeError: 'NoneType'"
    with pytest.raises(SpecError, match=words):
        until_it_fails()


def test_what_the_questions_print_goes_to_stderr(folder, capsys):
    change(folder, "cases = []", 'cases = []\n    print("drawing", 1)')

    trials(load_spec(str(folder)))

    out, err = capsys.readouterr()
    assert out == ""
    assert "drawing 1\n" in err


def test_a_driver_that_does_not_parse_is_told_with_its_line(folder):
    (folder / "drivers.py").write_text("\ndef call(:\n")

    assert refusal(folder) == "drivers.py: line 2: the file cannot be read: SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    "old,new,message",
    [
        ("# rtol = 1e-6", "rtol = 0.5", "checks[0].rtol must be from 1e-13 to 0.01 in float64 (got 0.5)"),
        ("# rtol = 1e-6", "rtol = 0.0", "checks[0].rtol must be from 1e-13 to 0.01 in float64 (got 0.0)"),
        (
            "# rtol = 1e-6 ",
            'dtype = "float32"\nrtol = 1e-9 ',
            "checks[0].rtol must be from 1e-06 to 0.01 in float32 (got 1e-09)",
        ),
        (
            'signature = "(w, X, y)"',
            'signature = "(w, X)"',
            "checks[0].function must take (w, X, y), the inputs of the question 'squared_loss' (got squared_loss(w, X))",
        ),
        (
            'question = "squared_loss"',
            'question = "squared_los"',
            "checks[0].question must be one of 'squared_loss' (got 'squared_los'; did you mean 'squared_loss'?)",
        ),
    ],
)
def test_a_check_that_does_not_fit_its_question_is_told(folder, old, new, message):
    change(folder, old, new, "spec.toml")

    assert refusal(folder) == f"spec.toml: {message}"


def test_rtol_replaces_the_tolerances_of_the_question(folder):
    change(folder, "    answer=answer,", '    answer=answer,\n    tolerances={"dw": 1e-3},')
    change(folder, "# rtol = 1e-6", "rtol = 1e-6", "spec.toml")

    (check,) = load_spec(str(folder)).spec.checks

    assert isinstance(check, AnswersCheck)
    assert check._question.tolerance_of("dw") == check._question.tolerance_of("loss") == 1e-6


def test_a_folder_where_python_keeps_its_own_files_is_refused():
    place = Path(sysconfig.get_path("purelib")) / "course" / "questions.py"

    with pytest.raises(SpecError, match="students' code could read this file, because it may read"):
        require_out_of_reach(place)
    require_out_of_reach(Path("/home/teacher/course/questions.py"))


def test_a_new_spec_that_cannot_be_written_is_not_there_in_part(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match=r"toy: cannot be written: No space left on device$"):
        write_new_spec(tmp_path / "toy")

    assert [*tmp_path.iterdir()] == []


def test_a_new_spec_replaces_nothing_and_has_a_name_that_can_be_one(folder):
    with pytest.raises(SpecError, match=r"toy: already exists, and was left unchanged; choose another name$"):
        write_new_spec(folder)
    with pytest.raises(SpecError, match="the folder's name becomes the spec's"):
        write_new_spec(folder.parent / "Homework 1")
    with pytest.raises(SpecError, match="cs231n is the name of a shipped spec; choose another"):
        write_new_spec(folder.parent / "cs231n")
