"""Saved weights from the file to the verdict: kept with the submission, loaded apart from it, scored as they are."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.checks.base.context import CheckContext
from grader.checks.training.weights import WeightsCheck
from grader.data import DataSet
from grader.extract import extract
from grader.grading.sessions import Sessions
from grader.intake.archive import SAVED_BYTES
from grader.intake.submission import SourceFile, Submission, load_submission
from grader.model.assignment import Assignment, Limits, PredictorFunction
from grader.model.observation import Died, Missing, Raised, Received, Refused, Returned, TimedOut
from reference import Convention, softmax_loss
from tests.checks.images import DATA
from tests.checks.students import says
from tests.reference.trainer import train

CHECK = WeightsCheck(
    kind="weights",
    id="saved",
    title="saved weights",
    points=4,
    hint="Train longer.",
    file="best.pt",
    val_bar=0.2,
    test_bar=0.2,
)
ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="torch",
    functions={"predict": PredictorFunction(role="predictor")},
    limits=Limits(),
)
MODULE = SourceFile("hw.py", b"def predict(W, X):\n    return (X @ W).argmax(1)\n")


@pytest.fixture(scope="module")
def trained():
    """W (3073, 10) float64 that labels more than a fifth rightly."""
    X, y = DATA.split("train")
    return train(
        softmax_loss, np.zeros((3073, 10)), X, y, 1e-2, 1e-2, 30, 50, np.random.default_rng(0), Convention()
    )


def saved(value, **options):
    stream = io.BytesIO()
    torch.save(value, stream, **options)
    return stream.getvalue()


def verdict_on(sandbox, content, path="best.pt", assignment=ASSIGNMENT, data=DATA):
    context = CheckContext(assignment, 0, data=data)
    files = (MODULE, *([] if content is None else [SourceFile(path, content)]))
    extracted = extract(Submission("s", files), ["predict"])
    with Sessions(sandbox, extracted, assignment, "cpu", files) as sessions:
        evidence = [(trial, sessions.run(trial)) for trial in CHECK.trials(context)]
    return CHECK.judge(context, evidence)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_good_weights_reach_the_bars_in_any_dtype(sandbox, trained, dtype):
    verdict = verdict_on(sandbox, saved({"W": torch.from_numpy(trained).to(dtype)}), "models/best.pt")

    assert (verdict.status, verdict.credit, verdict.hint) == ("passed", 1.0, None)
    assert says(
        verdict.message,
        "best.pt reaches <number> on the validation images (0.2 needed), <number> on the test images (0.2 needed).",
    )
    assert verdict.measured["val_accuracy"] > verdict.allowed["val_accuracy"] == 0.2


@pytest.mark.parametrize("form", ["a tensor alone", "a parameter", "the old format", "transposed memory"])
def test_other_ways_to_save_the_same_weights_are_read_too(sandbox, trained, form):
    W = torch.from_numpy(trained)
    content = {
        "a tensor alone": lambda: saved(W),
        "a parameter": lambda: saved({"W": torch.nn.Parameter(W), "loss": [2.3, 2.2]}),
        "the old format": lambda: saved({"W": W}, _use_new_zipfile_serialization=False),
        "transposed memory": lambda: saved({"W": W.T.contiguous().T}),
    }[form]()

    assert verdict_on(sandbox, content).status == "passed"


@pytest.mark.parametrize("scale", [1e-320, 1e-42, 1e38, 1e300])
def test_the_size_of_the_weights_decides_no_label(sandbox, trained, scale):
    with np.errstate(under="ignore"):
        scaled = trained * scale

    one, other = (verdict_on(sandbox, saved({"W": torch.from_numpy(W)})) for W in (trained, scaled))

    assert other.measured["val_accuracy"] == pytest.approx(one.measured["val_accuracy"], abs=0.02)
    assert other.status == "passed"


def test_weights_of_another_layout_are_read_in_it(sandbox, trained):
    turned = ASSIGNMENT.model_copy(update={"convention": Convention(layout="CD")})

    verdict = verdict_on(sandbox, saved({"W": torch.from_numpy(trained.T.copy())}), assignment=turned)

    assert verdict.status == "passed"


REAL = DataSet("a few images", lambda: (DATA.splits, ()), path=Path("cifar-10"))
RNG = np.random.default_rng(0)
COLUMN = RNG.normal(size=(3073, 1))

ALL_SAME = "its columns are all the same, so every class has the same score for every image."
NOISE = "it is noise. The weights of neighboring pixels are unrelated (greatest correlation <number>)."

UNTRAINED = {
    "zeros": (np.zeros((3073, 10)), ALL_SAME),
    "ones": (np.ones((3073, 10)), ALL_SAME),
    "the greatest": (np.full((3073, 10), -1.7e308), ALL_SAME),
    "one column ten times": (np.repeat(COLUMN, 10, axis=1), ALL_SAME),
    "one column but for rounding": (np.repeat(COLUMN, 10, axis=1) + 1e-15 * RNG.random((3073, 10)), ALL_SAME),
    "a bias alone": (np.vstack([np.zeros((3072, 10)), RNG.normal(size=(1, 10))]), ALL_SAME),
    "normal": (RNG.normal(size=(3073, 10)), NOISE),
    "uniform": (RNG.random((3073, 10)), NOISE),
    "a start": (1e-4 * RNG.normal(size=(3073, 10)), NOISE),
    "denormal": (1e-310 * RNG.normal(size=(3073, 10)), NOISE),
    "huge": (1e308 * RNG.random((3073, 10)), NOISE),
    "signs": (np.sign(RNG.normal(size=(3073, 10))), NOISE),
    "noise on one column": (COLUMN + RNG.normal(size=(3073, 10)), NOISE),
}


def on(data, W, dtype="float64", check=CHECK):
    (trial,) = check.trials(CheckContext(ASSIGNMENT, 0, data=data))
    seen = Returned((Received(np.asarray(W), dtype),), 0.0)
    with np.errstate(all="ignore"):
        return check.judge(CheckContext(ASSIGNMENT, 0, data=data), [(trial, seen)])


@pytest.mark.parametrize("W,words", UNTRAINED.values(), ids=UNTRAINED)
def test_weights_that_no_training_gave_earn_nothing_on_the_stand_in_either(W, words):
    hard = CHECK.model_copy(update={"val_bar": 0.3, "test_bar": 0.3})

    verdict = on(DATA, W, check=hard)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Train longer.")
    assert says(verdict.message, f"W in best.pt was not trained: {words}")


ELSEWHERE = "best.pt reaches <number> on the validation images (0.3 needed), <number> on the test images (0.3 needed). This run used stand-in images, not the CIFAR-10 images the weights were trained on, so the accuracy costs no points: the file only has to hold weights that may have been trained on images. With CIFAR-10 (--data) the bars count."


@pytest.mark.parametrize("start", [0.0, 1e-4])
@pytest.mark.parametrize("rate,reg,steps", [(1e-2, 1e-2, 30), (3e-2, 0.0, 60), (1e-3, 1e-3, 40)])
def test_weights_trained_on_other_images_cost_nothing_on_the_stand_in(start, rate, reg, steps):
    """Images of a natural spectrum, whose classes have nothing to do with the stand-in's."""
    rng = np.random.default_rng(steps)
    frequencies = np.hypot(*np.meshgrid(np.fft.fftfreq(32), np.fft.fftfreq(32)))
    frequencies[0, 0] = 1 / 32
    waves = np.fft.fft2(rng.normal(size=(400, 3, 32, 32))) / frequencies
    images = np.fft.ifft2(waves).real.reshape(400, -1)
    X = np.hstack([0.22 * images / images.std(), np.ones((400, 1))])
    y = (X @ rng.normal(size=(3073, 10))).argmax(1)
    W = train(
        softmax_loss, start * rng.normal(size=(3073, 10)), X, y, rate, reg, steps, 50, rng, Convention()
    )

    verdict = on(DATA, W, check=CHECK.model_copy(update={"val_bar": 0.3, "test_bar": 0.3}))

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert says(verdict.message, ELSEWHERE)


def test_one_weight_for_all_pixels_was_not_trained():
    W = np.repeat(RNG.normal(size=(1, 10)), 3073, axis=0)

    verdict = on(DATA, W, check=CHECK.model_copy(update={"val_bar": 0.3, "test_bar": 0.3}))

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert says(
        verdict.message,
        "W in best.pt was not trained: each class has the same weight for every pixel, so it can only tell bright images from dark ones.",
    )


def test_on_real_images_the_bars_count():
    verdict = on(REAL, np.zeros((3073, 10)))

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.0, "Train longer.")
    assert says(
        verdict.message,
        "best.pt is not accurate enough: <number> on the validation images (0.2 needed), <number> on the test images (0.2"
        " needed).",
    )


class Bomb:
    """Runs a command where it is unpickled without care."""

    def __reduce__(self):
        return print, ("executed",)


def deflated(content):
    """The same archive, its members compressed, with one more that unpacks to a gigabyte of zeros."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            data = bytes(1 << 28) if member.filename.endswith("data/0") else old.read(member)
            new.writestr(member.filename, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content,words",
    [
        (lambda: None, "best.pt is not in the submission, or is larger than 64 MiB."),
        (lambda: b"", "best.pt is damaged or was not written by torch.save: loading it raised EOFError."),
        (
            lambda: saved({"W": torch.zeros(10, 3073)}),
            "W in best.pt is a tensor of shape (10, 3073) and dtype float32; expected floats of shape (3073, 10).",
        ),
        (
            lambda: saved({"W": torch.zeros(1, 1).expand(1 << 20, 1 << 20)}),
            "W in best.pt is a tensor of shape (1048576, 1048576) and dtype float32; expected floats of shape (3073, 10).",
        ),
        (
            lambda: saved({"W": [1.0, 2.0]}),
            "W in best.pt is a list of 2 (a value of type float, a value of type float); expected floats of shape (3073, 10).",
        ),
        (lambda: saved({"W": torch.full((3073, 10), torch.nan)}), "W in best.pt is not finite."),
        (
            lambda: saved({"weight": torch.zeros(3073, 10)}),
            "best.pt holds a dict without the key 'W' (it has 'weight'); save it with torch.save({'W': W}, path).",
        ),
        (
            lambda: saved(3.5),
            "best.pt holds a value of type float, not a dict with the key 'W'; save it with torch.save({'W': W}, path).",
        ),
        (
            lambda: saved({"W": Bomb()}),
            (
                "best.pt holds more than tensors or is damaged, so it was not loaded; save it with torch.save({'W': W}, path),"
                " where W is a tensor."
            ),
        ),
        (
            lambda: pickle.dumps({"W": Bomb()}),
            (
                "best.pt holds more than tensors or is damaged, so it was not loaded; save it with torch.save({'W': W}, path),"
                " where W is a tensor."
            ),
        ),
    ],
    ids=["none", "empty", "shape", "expanded", "list", "nan", "key", "number", "bomb", "pickle"],
)
def test_what_is_no_file_of_weights_is_told(sandbox, content, words):
    verdict = verdict_on(sandbox, content())

    assert (verdict.status, verdict.credit, verdict.hint, verdict.message) == (
        "failed",
        0.0,
        "Train longer.",
        words,
    )


def test_a_file_that_unpacks_to_more_than_a_worker_may_have_costs_that_file_only(sandbox, trained):
    small = ASSIGNMENT.model_copy(update={"limits": Limits(memory_bytes=512 << 20)})
    content = deflated(saved({"W": torch.from_numpy(trained)}))
    assert len(content) < SAVED_BYTES

    first = verdict_on(sandbox, content, assignment=small)
    second = verdict_on(sandbox, saved({"W": torch.from_numpy(trained)}))

    assert first.status == "failed"
    assert first.message.startswith("best.pt ")
    assert second.status == "passed"


@pytest.mark.parametrize(
    "seen,words",
    [
        (TimedOut(5.0), "best.pt could not be loaded within 5 s."),
        (Died("SIGKILL"), "best.pt ended the process that was loading it (SIGKILL)."),
        (Missing("no file"), "best.pt is not in the submission, or is larger than 64 MiB."),
        (Refused("not called again"), "best.pt was not called again."),
        (
            Raised("RuntimeError", "a path of ours", None, 0.1),
            "best.pt is damaged or was not written by torch.save: loading it raised RuntimeError.",
        ),
    ],
)
def test_each_way_not_to_load_has_its_sentence(seen, words):
    (trial,) = CHECK.trials(CheckContext(ASSIGNMENT, 0, data=DATA))

    assert CHECK.judge(CheckContext(ASSIGNMENT, 0, data=DATA), [(trial, seen)]).message == words


def test_the_two_bars_count_half_each():
    (trial,) = CHECK.trials(CheckContext(ASSIGNMENT, 0, data=DATA))
    hard = CHECK.model_copy(update={"val_bar": 0.99, "test_bar": 0.01})
    seen = Returned((Received(np.zeros((3073, 10)), "float64"),), 0.0)
    assert hard.judge(CheckContext(ASSIGNMENT, 0, data=REAL), [(trial, seen)]).credit == 0.5


# --- The files -------------------------------------------------------------------------------------------------------


def test_weights_are_kept_beside_a_module_and_count_in_its_sha256(tmp_path):
    (tmp_path / "hw.py").write_bytes(MODULE.content)
    without = load_submission(tmp_path)
    (tmp_path / "best.pt").write_bytes(b"weights")

    found = load_submission(tmp_path)

    assert [file.path for file in found.files] == ["best.pt", "hw.py"]
    assert found.sources == (MODULE,)
    assert found.sha256 != without.sha256


def test_weights_that_are_too_large_are_passed_over_and_cost_no_module(tmp_path):
    (tmp_path / "hw.py").write_bytes(MODULE.content)
    (tmp_path / "best.pt").write_bytes(bytes(SAVED_BYTES + 1))
    with zipfile.ZipFile(tmp_path / "hw.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "hw.py", "hw.py")
        archive.write(tmp_path / "best.pt", "best.pt")

    assert load_submission(tmp_path).files == (MODULE,)
    assert load_submission(tmp_path / "hw.zip").files == (MODULE,)


def test_weights_alone_are_no_submission(tmp_path):
    (tmp_path / "best.pt").write_bytes(b"weights")

    with pytest.raises(Exception, match="expected a notebook"):
        load_submission(tmp_path)
