"""The catalogues of single specs: each is sound, has enough of right and wrong, and its spec comes out clean."""

from collections import Counter

import pytest

from grader.execution.serial import SerialExecutor
from grader.selftest import catalogue, implementations_for, load_catalogue, run_selftest
from grader.selftest.catalogue import CatalogueError, shipped_catalogues, solution_of
from grader.spec import load_spec, shipped_specs
from reference.questions import QUESTIONS
from tests.selftest.entries import NAMES_OF_LOSSES, smoke_slice, unsound

CATALOGUES = shipped_catalogues()
NAMES = NAMES_OF_LOSSES | {mistake.name for question in QUESTIONS.values() for mistake in question.mistakes}
NAMES |= {rule.name for question in QUESTIONS.values() for rule in question.rules}
NAMES |= {mistake.name for question in QUESTIONS.values() for mistake in question.misshapen}
NAMES |= {"overflow_of_exp"}
NAMES |= {name for question in QUESTIONS.values() for name, _, _ in question.raised.values()}


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_is_for_a_shipped_spec_and_has_right_and_wrong_ones_of_all_its_functions(name):
    base = solution_of(name)
    entries = load_catalogue(name)
    counts = Counter(each.kind for each in entries)

    assert base.family is not None
    assert base.family.specs & {*shipped_specs()}
    assert {each.function for each in entries if each.kind == "wrong"} == set(base.functions)
    assert {each.function for each in entries} == set(base.functions)
    assert counts["wrong"] >= 15
    assert counts["right"] >= 8
    assert max(Counter(each.full_name for each in entries).values()) == 1
    right = {each.source for each in entries if each.kind == "right"}
    assert [each.full_name for each in entries if each.kind == "wrong" and each.source in right] == []


def test_entries_bind_their_function_say_what_they_are_and_name_known_mistakes():
    entries = [each for name in CATALOGUES for each in load_catalogue(name)]

    assert unsound(entries, NAMES) == {}


@pytest.fixture
def executor(sandbox):
    return SerialExecutor(sandbox)


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped_specs())
def test_the_spec_lets_no_wrong_one_pass_and_fails_no_right_one(name, executor, request):
    loaded = load_spec(name)
    own = [each for each in implementations_for(loaded.spec) if each.family is not None]
    is_in_full = request.config.getoption("--in-full")
    own = own if is_in_full else smoke_slice(own)

    result = run_selftest(own, loaded, executor, 20190913)

    assert [each.implementation.full_name for each in result.false_passes] == []
    assert [each.implementation.full_name for each in result.false_fails] == []
    assert [each.implementation.full_name for each in result.named_wrongly] == []
    assert result.grader_faults == ()
    losses = result.wrong_losses
    assert not is_in_full or 3 * sum(each.is_named_rightly for each in losses) >= 2 * len(losses)


BASE = """
specs = ["eecs498_2019"]
imports = "import numpy as np"
[convention]
regularizer_coefficient = {coefficient}
[solution]
svm_loss_naive = "def svm_loss_naive(W, X, y, reg):\\n    return half(W)\\n"
half = "def half(W):\\n    return W / 2\\n"
"""
WRONG = (
    '[svm_loss_naive.whole]\nfault = "Not halved."\nchange = [["half(W)", "W"]]\ndiagnosis = ["no_half"]\n'
)
RIGHT = '[half.times]\nabout = "A product."\nsource = "def half(W):\\n    return 0.5 * W\\n"\n'


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder with the linear classifier's base and one catalogue in a subfolder."""

    def make(coefficient=1.0):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "base.toml").write_text(BASE.format(coefficient=coefficient), encoding="utf-8")
        (tmp_path / "own" / "known.toml").write_text(WRONG + RIGHT, encoding="utf-8")
        return load_catalogue("own")

    solution_of()
    solution_of.cache_clear()
    general = catalogue._FOLDER / "base.toml"
    (tmp_path / "base.toml").write_text(general.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    yield make
    solution_of.cache_clear()


def test_a_catalogue_of_its_own_is_made_from_its_own_solution(own):
    wrong, right = own()

    assert (wrong.full_name, wrong.kind, wrong.family.name) == ("svm_loss_naive: whole", "wrong", "own")
    assert wrong.source == "import numpy as np\n\ndef svm_loss_naive(W, X, y, reg):\n    return W\n"
    assert right.source == "import numpy as np\n\ndef half(W):\n    return 0.5 * W\n"
    spec = load_spec("eecs498_2019").spec
    assert wrong.fits(spec)
    assert not right.fits(spec)  # the spec has no function of that name
    assert shipped_catalogues() == ("own",)
    assert implementations_for(spec) == (wrong, right)


def test_a_spec_of_another_name_or_convention_does_not_share_it(own):
    wrong, _ = own(coefficient=0.5)
    spec = load_spec("eecs498_2019").spec

    assert not wrong.fits(spec)
    assert wrong.fits(
        spec.model_copy(
            update={"convention": spec.convention.model_copy(update={"regularizer_coefficient": 0.5})}
        )
    )
    renamed = spec.model_copy(update={"name": "other"})
    assert not wrong.fits(renamed)
    assert implementations_for(renamed) == ()


def test_a_catalogue_without_a_solution_is_an_error():
    with pytest.raises(CatalogueError, match=r"^nowhere: there is no base.toml$"):
        load_catalogue("nowhere")
