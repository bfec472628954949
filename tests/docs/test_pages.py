"""The documentation is true: each page's commands run, in its order, and print what it shows; links lead to files."""

import re
import tomllib

import pytest
import typer

from docs.made.command_line import commands as shipped_commands
from grader import authoring
from grader.checks.questions.answers import AnswersCheck
from grader.frontends.app import app
from grader.spec import load_spec
from reference.questions import QUESTIONS
from tests.docs import readers
from tests.docs.pages import (
    PAGES,
    ROOT,
    Cell,
    Change,
    Command,
    File,
    inline_commands,
    is_shown,
    links,
    steps,
    text_of,
)

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PARTS = {
    "README.md": (("", readers.checkout), ("Grade a class", readers.tiny_class)),
    "instructors.md": (("", readers.canvas_gradebook),),
    "students.md": (("", readers.student_folder),),
    "own-assignment.md": (("", readers.kmeans_class),),
    "writing-a-spec.md": (("", readers.a_copied_spec),),
    "late-work.md": (("", readers.late_student),),
    "reports.md": (("", readers.student_folder),),
    "isolation.md": (("", readers.small_class),),
}
"""The pages whose readers have something before they begin: sections with folders of their own, and what is in them."""


def part_of(page, section):
    """The text of a section, or without a name the page without those that PARTS names."""
    sections = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text_of(page), re.MULTILINE))
    if section:
        return sections[section]
    text = text_of(page)
    for other, _ in PARTS.get(page.name, ()):
        text = text.replace(sections[other], "") if other else text
    return text


AFTER = {"exports.md": "instructors.md"}
"""Pages whose readers go on in the folder that another page has left them: one grading for both."""


def reading():
    following = {before: DOCS / name for name, before in AFTER.items()}
    for page in PAGES:
        for section, prepare in PARTS.get(page.name, (("", None),)):
            texts = [part_of(page, section)]
            if page.name in following:
                texts.append(text_of(following.pop(page.name)))
            if page.name not in AFTER and any(is_run(step) for text in texts for step in steps(text)):
                yield pytest.param(texts, prepare, id=f"{page.name} {section}".strip())
    assert not following


def is_run(step):
    return isinstance(step, Cell) or (isinstance(step, Command) and step.not_run is None)


@pytest.mark.slow
@pytest.mark.parametrize("texts, prepare", list(reading()))
def test_the_page_does_what_it_says(texts, prepare, tmp_path):
    if prepare is not None:
        prepare(tmp_path)
    for asked in map(steps, texts):
        cells = [step for step in asked if isinstance(step, Cell)]
        if cells:
            pytest.importorskip("nbclient")
            readers.execute(cells, tmp_path)
        for step in asked:
            readers.take(step, tmp_path)


def test_a_command_that_is_not_run_is_one_that_could_be():
    known = {path: names_of(command) for path, command in shipped_commands()}
    faults = []
    for page in PAGES:
        text = text_of(page)
        blocks = [
            step.words for step in steps(text) if isinstance(step, Command) and step.words[0] == "grader"
        ]
        for words in (*blocks, *inline_commands(text)):
            named = [path for path in known if words[: len(path.split())] == tuple(path.split())]
            options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            unknown = options - (known[named[0]] if named else {"--help", "--version"})
            is_group = words in {("grader", "spec"), ("grader", "--help"), ("grader", "--version")}
            if unknown or not (named or is_group):
                faults.append(f"{page.name}: {' '.join(words)}")
    assert faults == []


def names_of(command):
    with typer.main.get_command(app).make_context("grader", [], resilient_parsing=True) as context:
        return {name for each in command.get_params(context) for name in (*each.opts, *each.secondary_opts)}


def test_the_table_of_extras_has_each_with_what_it_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: {re.split("[>=<]", each)[0] for each in needed}
        for name, needed in project["optional-dependencies"].items()
    }
    rows = dict(re.findall(r"^\| `([a-z]+)` \| ([^|]*) \|", text_of(DOCS / "install.md"), re.MULTILINE))

    assert {*rows} == {*extras}
    assert {name: set(words.split(", ")) for name, words in rows.items() if name != "dev"} == {
        name: installed for name, installed in extras.items() if name != "dev"
    }


def test_each_link_leads_to_a_file():
    others = (ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(DOCS / "decisions").glob("*.md"))
    broken = [
        f"{page.name}: {link}"
        for page in (*PAGES, *others)
        for link in links(text_of(page))
        if not (page.parent / link.partition("#")[0]).exists()
    ]
    assert broken == []


def test_the_table_of_names_to_import_has_the_public_ones():
    table = text_of(DOCS / "own-assignment.md").partition("## The names to import")[2]
    rows = "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))

    assert sorted(set(re.findall(r"[`\s](\w+)[`(]", rows))) == sorted(authoring.__all__)


def test_the_lines_about_the_sample_question_are_the_samples_and_it_names_mistakes():
    blocks = re.findall(
        r"^   ```toml\n(.*?)^   ```", text_of(DOCS / "writing-a-spec.md"), re.MULTILINE | re.DOTALL
    )
    lines = [line.strip() for line in "".join(blocks).splitlines() if line.strip()]
    loaded = load_spec("ridge_regression")

    assert "ridge_loss = " in "".join(lines)
    assert set(lines) <= set(loaded.path.read_text("utf-8").splitlines())
    for check in loaded.spec.checks:
        assert isinstance(check, AnswersCheck)
        assert QUESTIONS[check.question].mistakes


SHOWN = """\
begins ...
...
ends"""


def test_dots_stand_for_any_text_in_a_line_and_alone_for_any_lines():
    assert is_shown(SHOWN, "begins here   \nand\ngoes on\nends\n")
    assert is_shown(SHOWN, "\nbegins x\nends\n\n")
    assert not is_shown(SHOWN, "begins here\nends\nreally\n")
    assert not is_shown(SHOWN, "and begins here\nends\n")


def test_numbers_may_vary_and_the_ends_of_lines_with_them():
    shown = "dW is wrong in 30 of\n  30 entries; greatest difference 1.5e-09.\n...\nScore: 8"

    assert is_shown(
        shown,
        "dW is wrong in 5 of 1,400\n entries; greatest difference 0.02.\n\nmore\nScore: 7",
        numbers_vary=True,
    )
    assert not is_shown(
        shown, "W is wrong in 5 of 5 entries; greatest difference 0.02.\nScore: 7", numbers_vary=True
    )
    assert not is_shown("Score: 8", "Score: 7")


PAGE = """\
```{code-block} toml
:caption: class.toml

due = 2026-10-09
```

<!-- exit code 1 -->
```console
$ grader check hw.py \\
    --quick
Score: 0
$ grader doctor  # what is here
```

```{code-block} diff
:caption: hw.py

 W = 1
-loss = 0
+loss = 1
```

<!-- not run: needs a cluster -->
```console
$ grader batch class --scheduler tcp://10.0.0.1:8786
```

```ipython
%grader
```
```text
Score: 8
```

```python
not_a_file = True
```
"""


def test_a_pages_steps_are_its_files_changes_and_commands_in_order():
    assert steps(PAGE) == [
        File("class.toml", "due = 2026-10-09\n"),
        Command(("grader", "check", "hw.py", "--quick"), "Score: 0", 1),
        Command(("grader", "doctor"), None, 1),
        Change("hw.py", "W = 1\nloss = 0\n", "W = 1\nloss = 1\n"),
        Command(
            ("grader", "batch", "class", "--scheduler", "tcp://10.0.0.1:8786"), not_run="needs a cluster"
        ),
        Cell("%grader\n", "Score: 8\n"),
    ]


def test_plain_blocks_have_commands_where_a_line_begins_with_a_known_one():
    assert steps("    make test       # runs the tests\n\n    due = 1\n") == [Command(("make", "test"))]
