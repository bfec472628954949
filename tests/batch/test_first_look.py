"""The first submissions of a class, looked at before any is graded."""

import pytest

from grader.batch.class_record import ClassRecord
from grader.batch.first_look import require_own, require_same_spec
from grader.errors import SpecError
from grader.intake.folder import find_entries
from grader.spec import load_spec
from tests.samples import BOTH_FUNCTIONS, mini_spec

TORCH = "import torch\n\ndef svm_loss_naive(W, X, y, reg):\n    return torch.zeros(1), W\n"
NET = (
    "import numpy as np\n\nclass TwoLayerNet:\n    def __init__(self, input_size, num_classes=10, hidden_size=9):\n"
    "        self.W = np.zeros(1)\n"
)


@pytest.fixture
def class_of(tmp_path):
    """The entries of a class with these sources."""

    def make(*sources):
        (tmp_path / "class").mkdir()
        for number, source in enumerate(sources):
            (tmp_path / "class" / f"s{number:02}.py").write_text(source)
        return find_entries(tmp_path / "class")

    return make


@pytest.fixture
def mini(tmp_path):
    return mini_spec(tmp_path).spec


def test_a_class_of_another_spec_is_refused_with_its_name(class_of):
    entries = class_of(*[TORCH] * 4, "x = 1\n")

    with pytest.raises(SpecError) as caught:
        require_own(entries, load_spec("two_layer_net").spec)

    assert str(caught.value) == (
        "none of the first 5 submissions has a function of two_layer_net; 4 of them look like eecs498_2019. Grade the class"
        " with --spec eecs498_2019, or pass --anyway to grade it as two_layer_net anyway"
    )
    assert caught.value.expected == "a function of two_layer_net in most submissions"
    assert caught.value.seen == "none of the first 5 submissions has a function of two_layer_net"


def test_a_folder_with_reports_of_another_spec_is_kept(mini, tmp_path):
    record = ClassRecord(format="folder", words="A folder.", spec="other", title="Other", entries=())
    require_same_spec(None, mini, tmp_path)
    require_same_spec(record.model_copy(update={"spec": mini.name}), mini, tmp_path)

    with pytest.raises(SpecError) as caught:
        require_same_spec(record, mini, tmp_path)

    assert str(caught.value) == (
        f"{tmp_path} holds this class graded as other; choose another --out for mini, or pass --anyway to"
        " regrade it as mini"
    )


def test_functions_of_the_same_names_in_another_library_are_not_the_specs(class_of):
    with pytest.raises(SpecError, match="look like eecs498_2019"):
        require_own(class_of(*[TORCH] * 3), load_spec("cs231n").spec)


def test_another_courses_class_is_not_the_specs(class_of):
    with pytest.raises(SpecError) as caught:
        require_own(class_of(*[NET] * 3), load_spec("two_layer_net").spec)

    assert str(caught.value) == (
        "none of the first 3 submissions has a function of two_layer_net; none of them looks like another shipped spec's"
        " either. Grade the class with its own spec, or pass --anyway to grade it as two_layer_net anyway"
    )


@pytest.mark.parametrize(
    "sources",
    [
        ["x = 1\n"] * 2,
        ["x = 1\n"] * 3 + [BOTH_FUNCTIONS] * 3,
        [BOTH_FUNCTIONS] * 2 + ["x = 1\n"],
        [BOTH_FUNCTIONS] * 4,
        ["def f(W, X, y, reg):\n    pass\n"] * 5,
    ],
)
def test_few_submissions_or_half_of_them_stop_no_class(class_of, mini, sources):
    require_own(class_of(*sources), mini)


def test_a_submission_that_cannot_be_read_counts_for_neither_side(tmp_path, class_of, mini):
    entries = class_of(*["x = 1\n"] * 3, BOTH_FUNCTIONS, BOTH_FUNCTIONS, BOTH_FUNCTIONS)
    for name in ("s04.py", "s05.py"):
        (tmp_path / "class" / name).unlink()

    with pytest.raises(SpecError, match=r"^3 of the first 4 submissions have no function of mini"):
        require_own(entries, mini)


def test_a_broken_notebook_stops_no_class(class_of, mini, tmp_path):
    class_of(BOTH_FUNCTIONS)
    (tmp_path / "class" / "cut.ipynb").write_text("{")

    require_own(find_entries(tmp_path / "class"), mini)


SOFTMAX = "import numpy as np\n\ndef softmax_loss_naive(W, X, y, reg):\n    return np.sum(W), W\n"
LAYER = "\ndef affine_forward(x, w, b):\n    return x @ w + b, (x, w, b)\n"
SVM = "\ndef svm_loss_vectorized(W, X, y, reg):\n    return np.sum(W), 2 * reg * W\n"


@pytest.mark.parametrize(
    "source, spec, right",
    [
        (SOFTMAX + LAYER, "cs231n_2021", "cs231n_2025"),
        (SOFTMAX + LAYER, "cs231n", "cs231n_2025"),
        (SOFTMAX + LAYER + SVM, "cs231n_2025", "cs231n_2021"),
        (SOFTMAX + SVM, "cs231n_2021", "cs231n"),
    ],
)
def test_a_class_of_another_year_is_refused_with_the_name_of_that_years_spec(class_of, source, spec, right):
    with pytest.raises(SpecError) as caught:
        require_own(class_of(*[source] * 3, SOFTMAX + SVM + LAYER), load_spec(spec).spec)

    several = 4 if spec == "cs231n_2025" else 3
    assert str(caught.value).startswith(
        f"{several} of the first 4 submissions are another year's assignment than {spec}; "
    )
    assert str(caught.value).endswith(
        f" of them look like {right}. Grade the class with --spec {right}, or pass --anyway to grade it as {spec} anyway"
    )


def test_a_class_graded_for_its_linear_classifiers_alone_is_not_refused(class_of):
    require_own(class_of(*[SOFTMAX + LAYER + SVM] * 3), load_spec("cs231n").spec)
