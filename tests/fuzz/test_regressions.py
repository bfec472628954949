"""Inputs that once cost the judge its process, its memory or its afternoon, each with what it does now."""

import io
import json
import time
import zipfile

import pytest

from grader import formatting
from grader.errors import SubmissionError, SubmissionUnavailable, UnreadableNotebook, UnsafeArchive
from grader.extract import extract
from grader.extract.source.effort import GREATEST_EFFORT, compile_effort
from grader.extract.source.syntax import Fault, parse
from grader.intake.entry import load_entry
from grader.intake.folder import find_entries
from grader.intake.notebook import read_notebook
from grader.intake.submission import SourceFile, Submission, load_submission
from tests.fuzz import growth
from tests.pace import compile_seconds

NAMES = ("svm_loss_naive",)
TOO_DEEP = "svm_loss_naive (hw.py, line 1) cannot be loaded: does not compile: nested too deeply"


def extracted_of(*texts):
    paths = ("hw.py", *(f"m{number}.py" for number in range(len(texts) - 1)))
    return extract(Submission("s", tuple(map(SourceFile, paths, (text.encode() for text in texts)))), NAMES)


def seconds_for(*texts):
    began = time.process_time()
    extracted_of(*texts)
    return time.process_time() - began


@pytest.mark.parametrize(
    "text",
    [
        growth.nested_finally(19),  # 788 bytes: 10 s and 1.5 GB to compile
        growth.returns_before_finally(2_000),  # 4 s, with the square
        growth.scopes_and_names(4_000),  # 4 s, with the square
    ],
    ids=["nested finally", "returns before finally", "scopes and names"],
)
def test_a_function_that_takes_python_long_to_compile_is_refused_before(text):
    began = time.process_time()

    extracted = extracted_of(text)

    assert extracted.missing == {"svm_loss_naive": TOO_DEEP}
    assert time.process_time() - began < 12 * compile_seconds()


def test_many_functions_each_within_the_bound_are_refused_together():
    half = growth.returns_before_finally(330)
    text = "\n".join(half.replace("svm_loss_naive", f"f{number}") for number in range(40))
    text += "\ndef svm_loss_naive():\n  " + "; ".join(f"f{number}()" for number in range(40))

    assert len(extracted_of(text).functions["svm_loss_naive"].chunks) < 40


def test_the_estimate_counts_each_copy_of_a_finally_block():
    (plain,) = parse("def f():\n  try:\n    return\n  finally:\n    a = 1")  # type: ignore[misc]
    inner = "  try: pass\n  finally: a = 1\n"

    # def, arguments, try, return; Assign, Name, Store and Constant once for the return, the end and an exception.
    assert compile_effort(plain, "finally") == 4 + 3 * 4
    assert compile_effort(plain, "no such block") == 0
    assert [compile_effort(parse(text)[0], text) for text in ("x = 1", "def f():\n" + inner)] == [0, 12]  # type: ignore[index]


def test_an_ordinary_class_is_far_from_the_bound():
    methods = "".join(
        f"  def m{at}(self, a, b=lambda: 0):\n"
        "    try:\n      return [x * a for x in b]\n    finally:\n      self.a = a\n"
        for at in range(100)
    )

    text = "class C:\n" + methods
    assert compile_effort(parse(text)[0], text) < GREATEST_EFFORT / 20  # type: ignore[index]


def test_a_name_of_ten_thousand_parts_is_not_parsed():
    fault = parse("import " + "a." * 10_000 + "a as b")  # 0.5 GB for 20,000 parts, with the square

    assert fault == Fault("a name has more than 200 parts", 1)


def test_files_that_star_import_one_another_are_each_looked_at_once():
    rings = [
        "".join(f"from m{other} import *\n" for other in range(6) if other != number) for number in range(6)
    ]
    student = "from m0 import *\ndef svm_loss_naive(W):\n    return nowhere"

    assert seconds_for(student, *rings) < 1  # 2 ** 20 visits for three files, hours for five


def test_a_name_that_a_chain_of_star_imports_brings_is_found():
    extracted = extracted_of(
        "from m0 import *\ndef svm_loss_naive():\n    return LIMIT", "from m1 import *", "LIMIT = 3"
    )

    chunks = [chunk.source for chunk in extracted.chunks]
    assert chunks == [
        "LIMIT = 3",
        "from m1 import *",
        "from m0 import *",
        "def svm_loss_naive():\n    return LIMIT",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x = 1;" * 20_000 + "\ndef svm_loss_naive(): return x",
        "é = 'ü'; " * 10_000 + "\ndef svm_loss_naive(): return é",
        "x;" * 20_000 + "   \ndef svm_loss_naive(): pass",
        growth.aliases_and_calls(5_000),
        growth.stars_and_names(5_000),
        growth.chained_settings(1_500),
    ],
    ids=["one line", "one line of UTF-8", "bare names", "aliases", "star imports", "settings"],
)
def test_what_took_time_with_the_square_of_its_length_does_not(text):
    assert seconds_for(text) < 20 * compile_seconds()


def test_statements_beyond_the_cap_are_named_and_not_looked_at():
    extracted = extracted_of("x = 1\n" * 50_001 + "def svm_loss_naive(): pass")

    assert extracted.notes == (
        "hw.py was not read to the end: the submission has more than 50,000 statements",
    )
    assert "svm_loss_naive" in extracted.missing


@pytest.mark.parametrize("filling", ["[]," * 1_000_001, "1.5," * 5_000_001], ids=["lists", "numbers"])
def test_a_notebook_of_millions_of_values_is_refused_before_they_are_made(filling):
    content = ('{"cells": [' + filling + "0]}").encode()

    with pytest.raises(UnreadableNotebook) as caught:
        read_notebook(content, "hw.ipynb")

    assert str(caught.value) == (
        "hw.ipynb: expected a notebook, found more lists and numbers than any notebook needs; "
        "clear its outputs and save it again"
    )


def test_a_path_with_a_lone_surrogate_is_shown_and_refused(tmp_path):
    assert formatting.printable("\ud800x\udcff") == "<U+D800>x<FF>"
    with pytest.raises(SubmissionError):
        load_submission(tmp_path / "\ud800.py")


def zipped(members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bytearray(stream.getvalue())


def test_members_that_share_their_packed_bytes_are_refused(tmp_path):
    content = zipped({f"{number}.py": b"x = 1\n" for number in range(5)})
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 20 : at + 24] = (60 << 20).to_bytes(4, "little")
    (tmp_path / "hw.zip").write_bytes(content)

    with pytest.raises(UnsafeArchive) as caught:
        load_submission(tmp_path / "hw.zip")

    assert str(caught.value) == (
        f"{tmp_path}/hw.zip: expected at most 256 MiB of packed notebooks and modules, found more; "
        "hand in only the notebook or the modules"
    )


def test_a_member_before_the_files_beginning_is_damage_and_no_fault_of_the_disk(tmp_path):
    content = zipped({"hw.py": b"x = 1\n"})
    at = content.find(b"PK\x05\x06")
    content[at + 16 : at + 20] = (5_000).to_bytes(4, "little")
    (tmp_path / "hw.zip").write_bytes(content)

    with pytest.raises(SubmissionError, match="damaged") as caught:
        load_submission(tmp_path / "hw.zip")

    assert not isinstance(caught.value, SubmissionUnavailable)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_in_a_class_is_unpacked_by_ordinary_methods_only(tmp_path, method):
    inner = zipped({"hw.py": b"x = 1\n"})
    (tmp_path / "class.zip").write_bytes(zipped({"jane.zip": bytes(inner)}, method))

    (jane,) = find_entries(tmp_path / "class.zip")

    with pytest.raises(UnsafeArchive, match=r"member 'jane.zip' uses an unusual compression method"):
        load_entry(jane)


def test_archives_of_a_class_that_are_too_large_are_not_unpacked_to_find_out(tmp_path):
    bombs = {f"{number}.zip": bytes(65 << 20) for number in range(1)}
    content = zipped(bombs)
    (tmp_path / "class.zip").write_bytes(content)
    began = time.process_time()

    (bomb,) = find_entries(tmp_path / "class.zip")

    assert time.process_time() - began < compile_seconds()
    with pytest.raises(UnsafeArchive, match="unpacks to more than 64 MiB"):
        load_entry(bomb)


def test_a_notebook_of_a_hundred_thousand_lines_in_one_cell_is_read():
    cell = {"cell_type": "code", "source": "# x\n" * 100_000 + "def svm_loss_naive(): pass"}
    content = json.dumps({"cells": [cell]}).encode()

    assert extract(Submission("s", (SourceFile("hw.ipynb", content),)), NAMES).functions
