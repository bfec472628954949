"""nn_get_search_params and find_best_net: the grid, and the search in it with a class that trains in no time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, Rule

LEAST_VALUES, MOST_COMBINATIONS = 2, 256
"""Of each list, and of the grid, which must have fewer."""

_LISTS = ("learning_rates", "hidden_sizes", "regularization_strengths", "learning_rate_decays")
_COUNT, _LEAST, _GREATEST, _WHOLE = range(4)

# --- The grid --------------------------------------------------------------------------------------------------------


def _list_rule(
    name: str, output: str, message: str, broken: Callable[[Answer], Mapping[str, float] | None]
) -> Rule:
    return Rule(name, output, message, lambda _, seen: broken(seen))


def _has_too_few(output: str) -> Rule:
    def broken(seen: Answer) -> Mapping[str, float] | None:
        count = float(seen[output][_COUNT])
        return {"count": count} if 0 < count < LEAST_VALUES else None

    return _list_rule(
        "too_few",
        output,
        f"{output} has {{count}} value: give the search at least 2 different ones to choose from.",
        broken,
    )


def _is_empty(output: str) -> Rule:
    def broken(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
        return None if float(seen[output][_COUNT]) > 0 else {}

    return Rule("empty_list", output, f"{output} is empty.", broken, is_symptom=True)


def _is_not_positive(output: str) -> Rule:
    def broken(seen: Answer) -> Mapping[str, float] | None:
        least, greatest = seen[output][_LEAST], seen[output][_GREATEST]
        return None if least > 0 and np.isfinite(greatest) else {"least": float(least)}

    return _list_rule(
        "not_positive", output, f"{output} has the value {{least}}, which trains nothing.", broken
    )


def _is_negative(seen: Answer) -> Mapping[str, float] | None:
    least, greatest = seen[_LISTS[2]][_LEAST], seen[_LISTS[2]][_GREATEST]
    return None if least >= 0 and np.isfinite(greatest) else {"least": float(least)}


def _is_not_whole(seen: Answer) -> Mapping[str, float] | None:
    count, least, _, whole = (float(each) for each in seen[_LISTS[1]])
    return None if whole >= count or whole < 0 else {"least": least}


def _are_exchanged(seen: Answer) -> Mapping[str, float] | None:
    rates, sizes = seen[_LISTS[0]], seen[_LISTS[1]]
    is_exchanged = rates[_LEAST] > 1 and sizes[_GREATEST] <= 1 and sizes[_COUNT] and rates[_COUNT]
    return {} if is_exchanged else None


_EXCHANGED = (
    "The first two lists seem to be swapped: the handout returns learning_rates first, then hidden_sizes."
)

_GRID_RULES = (
    _list_rule("grid_order_swapped", _LISTS[1], _EXCHANGED, _are_exchanged),
    *map(_is_empty, _LISTS),
    *map(_has_too_few, _LISTS),
    *(_is_not_positive(name) for name in (_LISTS[0], _LISTS[1], _LISTS[3])),
    _list_rule(
        "negative_reg",
        _LISTS[2],
        "regularization_strengths has the value {least}: a strength must be 0 or more.",
        _is_negative,
    ),
    _list_rule(
        "sizes_not_whole",
        _LISTS[1],
        "hidden_sizes has values that are not whole numbers (the smallest is {least}).",
        _is_not_whole,
    ),
    _list_rule(
        "too_many",
        "combinations",
        "They make {count} combinations, but the handout asks for fewer than 256.",
        lambda seen: (
            {"count": float(seen["combinations"])}
            if not float(seen["combinations"]) < MOST_COMBINATIONS
            else None
        ),
    ),
    Rule(
        "no_combination",
        "combinations",
        "A search needs at least 2 combinations to choose from.",
        lambda _, seen: {} if float(seen["combinations"]) < 2 else None,
        is_symptom=True,
    ),
)

# --- The search ------------------------------------------------------------------------------------------------------

_SPLITS = ("train", "val", "test")
_SIZE = 40
"""Samples in each split, so that all combinations may have accuracies of their own."""
_D, _MARK = 3 * 32 * 32, 1000
"""Columns of X, which is often written out; the first holds a row's number plus this many times its split's."""

_NEAR = 1e-4
"""Of an accuracy."""


def _draw_searches(rng: np.random.Generator) -> Sequence[QuestionCase]:
    grids = (
        ((1e-2, 1e-1), (17, 33), (1e-4, 1e-2), (0.9, 0.99)),
        ((0.5, 2e-2), (48, 24), (1e-3, 0.0), (1.0, 0.95)),
    )
    return [_search_case(rng, number, grid) for number, grid in enumerate(grids, start=1)]


def _search_case(rng: np.random.Generator, number: int, grid: Sequence[tuple[float, ...]]) -> QuestionCase:
    count = int(np.prod([len(values) for values in grid]))
    best = [
        int(each) for each in rng.permutation(np.arange(1, count - 1))[:5]
    ]  # neither the first nor the last
    rights = {name: _ranked(rng, count, best[place], best[4], place) for place, name in enumerate(_SPLITS)}
    losses = 0.5 + 0.1 * (count - _ranked(rng, count, best[3], best[4], 0) / 2)
    inputs: dict[str, Value] = {
        **{name: np.asarray(values, np.float64) for name, values in zip(_LISTS, grid, strict=True)},
        **{f"right_{name}": values for name, values in rights.items()},
        "losses": losses,
    }
    for place, name in enumerate(_SPLITS):
        X = np.zeros((_SIZE, _D))
        X[:, 0] = _MARK * place + np.arange(_SIZE)
        inputs |= {f"X_{name}": X, f"y_{name}": rng.integers(0, 10, size=_SIZE)}
    return QuestionCase(f"grid {number} of 2 x 2 x 2 x 2", inputs)


def _ranked(rng: np.random.Generator, count: int, best: int, worst: int, offset: int) -> Array:
    """How many labels each combination gets right, all different, the most for `best`, the fewest for `worst`."""
    numbers = np.zeros(count, np.int64)
    others = [number for number in range(count) if number not in {best, worst}]
    numbers[others] = rng.permutation(np.arange(2, count))
    numbers[[best, worst]] = count, 1
    return np.asarray(2 * numbers + offset)


def _shapes(inputs: Inputs) -> Answer:
    count = inputs.array("losses").size
    return {
        "combinations_tried": np.zeros(count),
        _SHOWN: np.zeros(count),
        **dict.fromkeys(_NUMBERS, np.asarray(0.0)),
        **dict.fromkeys(("best_net", "best_stat", "best_val_acc"), np.asarray(0.0)),
    }


_SHOWN = "shown"
"""How often each combination was trained, or one outside the grid that has its accuracies."""
_NUMBERS = ("asked", "off_grid", "swapped", "reused", "other_data", "is_random", "last")


def _share(inputs: Inputs, split: str, number: int) -> float:
    return float(inputs.array(f"right_{split}")[number]) / _SIZE


def _best(seen: Answer, key: Callable[[int], float]) -> int:
    """The combination with the greatest key among those shown; -1 if none was."""
    tried = np.flatnonzero(seen[_SHOWN] > 0)
    return max((int(each) for each in tried), key=key, default=-1)


def _by_validation(inputs: Inputs, seen: Answer) -> int:
    return _best(seen, lambda number: _share(inputs, "val", number))


def _search_rule(
    name: str,
    output: str,
    message: str,
    is_broken: Callable[[Inputs, Answer], bool],
    *,
    is_symptom: bool = False,
    is_noted: bool = False,
) -> Rule:
    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        is_unclear = output != _TRIED and not is_symptom and float(seen["reused"]) > 0
        if is_unclear or not is_broken(inputs, seen):  # a network trained twice belongs to no combination
            return None
        tried = seen["combinations_tried"]
        return {
            "tried": float(np.sum(tried > 0)),
            "all": float(tried.size),
            "seen": float(seen["best_val_acc"]),
        }

    return Rule(name, output, message, broken, is_symptom=is_symptom, is_noted=is_noted)


def _trained(seen: Answer) -> bool:
    return bool(np.any(seen[_SHOWN] > 0))


def _is_part(seen: Answer) -> bool:
    tried = seen["combinations_tried"] > 0
    return bool(tried.any()) and not tried.all()


def _is_net(seen: Answer, number: int) -> bool:
    return number >= 0 and int(float(seen["best_net"])) == number


def _chosen_by(key: Callable[[Inputs, int], float]) -> Callable[[Inputs, Answer], bool]:
    """Whether the network is the best by this key, which is not the best by validation."""

    def is_chosen(inputs: Inputs, seen: Answer) -> bool:
        found = _best(seen, lambda number: key(inputs, number))
        return _is_net(seen, found) and found != _by_validation(inputs, seen)

    return is_chosen


def _is_last(inputs: Inputs, seen: Answer) -> bool:
    last = int(float(seen["last"]))
    return _is_net(seen, last) and last != _by_validation(inputs, seen)


def _is_not_best(inputs: Inputs, seen: Answer) -> bool:
    return not _is_net(seen, _by_validation(inputs, seen))


def _partner(inputs: Inputs, seen: Answer) -> int:
    """The combination that history and accuracy should belong to: the returned network's, or else the best."""
    number = int(float(seen["best_net"]))
    is_one = number >= 0 and not float(seen["reused"])
    return number if is_one else _by_validation(inputs, seen)


def _has_other_stat(inputs: Inputs, seen: Answer) -> bool:
    partner = _partner(inputs, seen)
    return partner < 0 or int(float(seen["best_stat"])) != partner


def _has_stat_of_last(inputs: Inputs, seen: Answer) -> bool:
    stat, last = int(float(seen["best_stat"])), int(float(seen["last"]))
    return _has_other_stat(inputs, seen) and stat == last >= 0


def _is_accuracy(inputs: Inputs, seen: Answer, split: str, number: int) -> bool:
    """Whether the accuracy is that of this combination, as a fraction or in percent."""
    if number < 0:
        return False
    share, found = _share(inputs, split, number), float(seen["best_val_acc"])
    return abs(found - share) <= _NEAR or abs(found - 100 * share) <= 100 * _NEAR


def _has_other_accuracy(inputs: Inputs, seen: Answer) -> bool:
    return not _is_accuracy(inputs, seen, "val", _partner(inputs, seen))


def _accuracy_of(split: str, of: Callable[[Inputs, Answer], int]) -> Callable[[Inputs, Answer], bool]:
    def is_it(inputs: Inputs, seen: Answer) -> bool:
        return _has_other_accuracy(inputs, seen) and _is_accuracy(inputs, seen, split, of(inputs, seen))

    return is_it


_TRIED, _NET, _STAT, _ACCURACY = "combinations_tried", "best_net", "best_stat", "best_val_acc"
_NO_NET = -2
_BY = "the handout asks for the network with the highest accuracy on the validation images."

_SEARCH_RULES = (
    _search_rule("nothing_trained", _TRIED, "No network is trained.", lambda _, seen: not _trained(seen), is_symptom=True),
    _search_rule("grid_ignored", _TRIED, "get_param_set_fn is never called: it returns the lists to search.", lambda _, seen: not float(seen["asked"])),
    _search_rule("grid_order_swapped", _TRIED, "Values from one list are used as another's: get_param_set_fn returns learning rates, hidden sizes, regularization strengths and decays, in that order.", lambda _, seen: bool(float(seen["swapped"]))),
    _search_rule("one_net_reused", _TRIED, "One network is trained over and over, so each combination starts from the weights of the previous one: where do you create the network?", lambda _, seen: bool(float(seen["reused"]))),
    _search_rule("off_grid", _TRIED, "Networks are trained with values that get_param_set_fn did not return: is each of the four passed to TwoLayerNet or its train under its own name?", lambda _, seen: bool(float(seen["off_grid"]))),
    _search_rule("other_data", _TRIED, "train does not get X_train, y_train, X_val and y_val in those positions: what is a network trained on, and what is it compared on?", lambda _, seen: bool(float(seen["other_data"]))),
    _search_rule("part_of_grid", _TRIED, "It trains {tried} of the grid's {all} combinations: is every value of each list combined with every value of the others?", lambda _, seen: _is_part(seen) and not float(seen["is_random"])),
    _search_rule("random_part_of_grid", _TRIED, "it tries a random part of the grid, {tried} of {all} combinations", lambda _, seen: _is_part(seen) and bool(float(seen["is_random"])), is_noted=True),
    _search_rule("no_network", _NET, "best_net is not a TwoLayerNet: the notebook calls best_net.predict() and best_net.save().", lambda _, seen: int(float(seen["best_net"])) == _NO_NET),
    _search_rule("best_on_training", _NET, f"best_net is the one with the highest accuracy on the training images: {_BY}", _chosen_by(lambda inputs, number: _share(inputs, "train", number))),
    _search_rule("best_on_test", _NET, f"best_net is the one with the highest accuracy on the test images, which must not be used before the end: {_BY}", _chosen_by(lambda inputs, number: _share(inputs, "test", number))),
    _search_rule("best_by_loss", _NET, f"best_net is the one with the lowest loss in training: {_BY}", _chosen_by(lambda inputs, number: -float(inputs.array("losses")[number]))),
    _search_rule("worst_net", _NET, f"best_net is the one with the lowest accuracy on the validation images: {_BY}", _chosen_by(lambda inputs, number: -_share(inputs, "val", number))),
    _search_rule("best_last", _NET, f"best_net is the last one that was trained: {_BY}", _is_last),
    _search_rule("another_net", _NET, f"best_net is not the best of the trained networks: {_BY}", _is_not_best, is_symptom=True),
    _search_rule("stat_of_last", _STAT, "best_stat is the history of the last network that was trained, not of the one that is returned.", _has_stat_of_last),
    _search_rule("another_stat", _STAT, "best_stat is not what train returned for the network that is returned.", _has_other_stat, is_symptom=True),
    _search_rule("accuracy_of_training", _ACCURACY, "best_val_acc is {seen}, the network's accuracy on the training images: the handout asks for the accuracy on the validation images.", _accuracy_of("train", _partner)),
    _search_rule("accuracy_of_test", _ACCURACY, "best_val_acc is {seen}, the network's accuracy on the test images: the handout asks for the accuracy on the validation images.", _accuracy_of("test", _partner)),
    _search_rule("accuracy_of_last", _ACCURACY, "best_val_acc is {seen}, the accuracy of the last network that was trained, not of the one that is returned.", _accuracy_of("val", lambda _, seen: int(float(seen["last"])))),
    _search_rule("another_accuracy", _ACCURACY, "best_val_acc is {seen}, which is not the accuracy of the returned network on the validation images.", _has_other_accuracy, is_symptom=True),
)  # fmt: skip

SEARCH_QUESTIONS = (
    Question(
        name="nn_get_search_params",
        parameters=(),
        outputs={"combinations": "number", **dict.fromkeys(_LISTS, "array")},
        draw=lambda _: [QuestionCase("its four lists", {})],
        answer=lambda _: {
            "combinations": np.asarray(0.0),
            **dict.fromkeys(_LISTS, np.zeros(4)),
        },
        driver=("net_search", "grid"),
        free=("combinations", *_LISTS),
        rules=_GRID_RULES,
        raised={
            "FourListsMissing": (
                "four_lists_missing",
                "does not return four lists",
                "They are learning rates, hidden sizes, regularization strengths and decays of the learning rate, in this order.",
            )
        },
        unchanged=(),
    ),
    Question(
        name="find_best_net",
        parameters=(
            *_LISTS,
            *(f"right_{name}" for name in _SPLITS),
            "losses",
            *(f"{kind}_{name}" for name in _SPLITS for kind in "Xy"),
        ),
        outputs={
            _TRIED: "array",
            _SHOWN: "array",
            **dict.fromkeys(_NUMBERS, "number"),
            **dict.fromkeys((_NET, _STAT, _ACCURACY), "number"),
        },
        draw=_draw_searches,
        answer=_shapes,
        driver=("net_search", "search"),
        free=(_TRIED, _SHOWN, *_NUMBERS, _NET, _STAT, _ACCURACY),
        rules=_SEARCH_RULES,
        aside=(_SHOWN, *_NUMBERS),
        raised={
            "ThreeResultsMissing": (
                "three_results_missing",
                "does not return three things",
                "The notebook takes the best network, what its train returned, and its accuracy on the validation images, in this order.",
            )
        },
        unchanged=tuple(f"{kind}_{name}" for name in _SPLITS for kind in "Xy"),
        is_training=True,
    ),
)
