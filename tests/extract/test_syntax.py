"""What keeps a text from parsing is named: odd characters by code point, pasted lines by what they are."""

import ast
import sys

import pytest

from grader.extract.source.syntax import Fault, explained, parse, parsed_quietly

ODD = {
    "    x = 1\u00a0+ 2": "column 10 has U+00A0 (no-break space) instead of a space: retype it",
    "\u00a0\u00a0\u00a0\u00a0x = 1": "column 1 has U+00A0 (no-break space) instead of a space: retype all 4 in this line",
    "    x\u200b = 1": "column 6 has U+200B (zero width space), which is invisible: delete it",
    "    \ufeffx = 1": "column 5 has U+FEFF (byte order mark), which is invisible: delete it",
    "    x =\u20281": "column 8 has U+2028 (line separator) instead of a space: retype it",
    "    x =\u30001": "column 8 has U+3000 (ideographic space) instead of a space: retype it",
    "    x = 1\u00ad": "column 10 has U+00AD (soft hyphen), which is invisible: delete it",
    "    x = \u202a1": "column 9 has U+202A (left-to-right embedding), which is invisible: delete it",
    "    x = \u201cW\u201d": "column 9 has U+201C (left double quotation mark) instead of '\"': retype it",
    "    x = \u2018W\u2019": 'column 9 has U+2018 (left single quotation mark) instead of "\'": retype it',
    "    x = W \u2212 1": "column 11 has U+2212 (minus sign) instead of '-': retype it",
    "    x = W \u2013 1": "column 11 has U+2013 (en dash) instead of '-': retype it",
    "    x = W \u00d7 2": "column 11 has U+00D7 (multiplication sign) instead of '*': retype it",
    "    x = \uff11": "column 9 has U+FF11 (fullwidth digit one) instead of '1': retype it",
    "    if W\uff1a": "column 9 has U+FF1A (fullwidth colon) instead of ':': retype it",
    "    f\uff08W\uff09": "column 6 has U+FF08 (fullwidth left parenthesis) instead of '(': retype it",
    "    x = '\0'": "column 10 has U+0000 (null character), which is invisible: delete it",
    "    x = 1\x0b": "column 10 has U+000B (vertical tab)",
    "    x = \u221a W": "column 9 has U+221A (square root), which Python does not accept here: retype it",
}


@pytest.mark.parametrize("line", ODD)
def test_an_odd_character_is_named_with_its_place(extract_cells, line):
    extracted = extract_cells("target", f"x = 1\ndef target(W):\n{line}\n    return x")

    assert extracted.missing["target"].startswith(
        f"target (hw.ipynb, cell 1) does not parse: line 3, {ODD[line]}"
    )


@pytest.mark.parametrize("odd", ["\u200b", "\ufeff", "\u00a0", "\u3000", "\u200e"])
def test_a_definition_behind_an_invisible_character_is_found_and_named(extract_cells, odd):
    extracted = extract_cells("target", f"x = 1\n{odd}def target(W):\n    return W\n")

    assert f"does not parse: line 2, column 1 has U+{ord(odd):04X} (" in extracted.missing["target"]


@pytest.mark.parametrize(
    "text", ["x = '\u00a0\u201c'", "x = 1  # \u200b \u2212", '"""\n\u3000\n"""', "\u03b1 = 1"]
)
def test_odd_characters_in_strings_comments_and_names_are_fine(extract_cells, load, text):
    extracted = extract_cells("target", f"def target():\n    return 5\n{text}")

    assert extracted.left_out == ()
    assert load(extracted, "target")() == 5


def test_a_module_may_begin_with_a_byte_order_mark(extract_files):
    extracted = extract_files({"hw.py": "\ufeffdef target():\n    return 1\n"}, "target")

    assert list(extracted.functions) == ["target"]


@pytest.mark.parametrize("odd", ["\u00a0", "\u3000\n\u00a0"])
def test_ipython_passes_over_odd_spaces_above_the_first_line(extract_cells, odd):
    extracted = extract_cells("target", f"{odd}\ndef target():\n    return 1\n")

    assert str(extracted.functions["target"].location).startswith("hw.ipynb, cell 1")
    assert extracted.left_out == ()


PASTED = {
    "prompts": (
        ">>> def target(x):\n...     y = 1\n...     return y\n",
        "was pasted with its prompt: delete the prompts",
    ),
    "IPython's prompts": ("In [3]: def target(x):\n   ...:     return x\n", "was pasted with its prompt"),
    "numbers": (
        "1 def target(x):\n2     y = x\n3     return y\n",
        "was pasted with its line number: delete the numbers",
    ),
    "numbers and tabs": ("11\tdef target(x):\n12\t    y = x\n", "was pasted with its line number"),
    "numbers and colons": ("11: def target(x):\n12:     y = x\n", "was pasted with its line number"),
    "a diff": ("+def target(x):\n+    y = x\n+    return y\n", "was pasted from a diff: delete the mark"),
    "the other side of a diff": ("-def target(x):\n-    y = x\n-    return y\n", "was pasted from a diff"),
    "HTML": (
        "def target(x):\n    if x &gt; 3:\n        return x\n",
        "was pasted from a web page: &gt; stands for '>'",
    ),
}


@pytest.mark.parametrize("kind", PASTED)
def test_pasted_lines_are_named_and_cost_only_their_function(extract_files, kind):
    text, told = PASTED[kind]

    extracted = extract_files(
        {"hw.py": f"import numpy\n\n{text}\ndef other():\n    return 1\n"}, "target other"
    )

    assert list(extracted.functions) == ["other"]
    assert told in extracted.missing["target"]
    assert extracted.missing["target"].startswith("target (hw.py) does not parse: line ")


@pytest.mark.parametrize(
    "cell",
    [
        ">>> def target():\n...     return 5\n...\n>>> x = 1",
        "In [3]: def target():\n   ...:     return 5\n   ...: \nIn [4]: x = 1",
        "    >>> def target():\n    ...     return 5",
        "import os\n>>> def target():\n...     return 5",
        "    def target():\n        return 5",
        "%%time\n    def target():\n        return 5",
    ],
)
def test_a_cell_is_read_without_the_prompts_and_the_indent_that_ipython_removes(extract_cells, load, cell):
    assert load(extract_cells("target", cell), "target")() == 5


def test_prompts_that_ipython_keeps_are_named(extract_cells):
    extracted = extract_cells("target", "x = 1\ny = 2\n>>> def target():\n...     return 5\n>>> target()")

    assert (
        "does not parse: line 3 (`>>> def target():`) was pasted with its prompt"
        in extracted.missing["target"]
    )


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has template strings")
def test_syntax_of_a_newer_python_is_named_with_its_version():
    text = 'def target():\n    return t"{1}"\n'
    fault = parse(text)
    assert isinstance(fault, Fault)

    words = explained(fault, text.split("\n"), 0, 2).message

    assert words.startswith('line 2 (`return t"{1}"`): a template string needs Python 3.14 or later')


def test_a_student_s_warnings_are_not_shown(recwarn):
    assert parsed_quietly("if x is 1:\n    s = '\\d'")
    assert parsed_quietly("(") is None
    assert not recwarn.list


def test_a_miscount_of_the_parser_itself_is_no_fault_of_the_text(monkeypatch):
    real, failures = ast.parse, iter([SystemError("AST constructor recursion depth mismatch")] * 2)

    def parse_or_fail(text):
        for failure in failures:
            raise failure
        return real(text)

    monkeypatch.setattr(ast, "parse", parse_or_fail)

    assert parsed_quietly("x = 1") is not None
