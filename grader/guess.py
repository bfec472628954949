"""Which assignment a submission is, where it is plain from the functions in it."""

from __future__ import annotations

from grader.errors import SpecError
from grader.extract import extract
from grader.spec import LoadedSpec, load_spec, shipped_specs
from grader.submission import Submission


def guess_spec(submission: Submission) -> LoadedSpec:
    """The shipped spec of whose functions the most are there. SpecError where none are, or two specs tie."""
    specs = {name: load_spec(name) for name in shipped_specs()}
    found = {name: (loaded, _functions_found(submission, loaded)) for name, loaded in specs.items()}
    most = max(count for _, count in found.values())
    best = [name for name, (_, count) in found.items() if count == most]
    if most == 0:
        raise SpecError(
            f"{submission.id}: holds none of the functions of {' or '.join(found)}, so it is not plain which assignment"
            " it is; say so with --spec NAME (`grader extract` with it tells why each function is missing)"
        )
    if len(best) > 1:
        raise SpecError(f"{submission.id}: could be {' or '.join(best)}; say which with --spec NAME")
    return found[best[0]][0]


def _functions_found(submission: Submission, loaded: LoadedSpec) -> int:
    return len(extract(submission, list(loaded.spec.functions)).functions)
