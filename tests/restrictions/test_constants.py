"""The strings that constant expressions make, and those that are not constant or too long to be names."""

import ast
import time

import pytest

from grader.restrictions.constants import constant_text, constant_texts
from tests.pace import compile_seconds


def text_of(source):
    return constant_text(ast.parse(source, mode="eval").body)


@pytest.mark.parametrize(
    "source",
    [
        "'cross' + '_' + 'entropy'",
        "'_'.join(['cross', 'entropy'])",
        "'{}_{}'.format('cross', 'entropy')",
        "'{1}_{0}'.format('entropy', 'cross')",
        "'%s_%s' % ('cross', 'entropy')",
        "f'cross_{chr(101)}ntropy'",
        "'yportne_ssorc'[::-1]",
        "''.join(reversed('yportne_ssorc'))",
        "bytes([99, 114, 111, 115, 115]).decode() + '_entropy'",
        "''.join(map(chr, b'cross_entropy'))",
        "''.join(chr(code - 1) for code in b'dsptt`fouspqz')",
        "' cross-entropy '.strip().replace('-', '_').lower()",
        "('cross_entropy', 'nll_loss')[0]",
        "'a cross_entropy'.split()[-1]",
    ],
)
def test_a_name_in_pieces_is_a_constant(source):
    assert text_of(source) == "cross_entropy"


@pytest.mark.parametrize(
    "source",
    [
        "name",
        "'cross_' + name",
        "'a' * 10 ** 9",
        "'%1000000000d' % 1",
        "'{:>1000000000}'.format(1)",
        "'{0.real}'.format(1)",
        "bytes(10 ** 9)",
        "('a' * 300).join('b' * 300)",
        "'a'.unknown()",
        "'a'[9]",
        "'a' + 1",
        "''.join(c for c in 'abc' if c)",
        "+".join(["'a'"] * 900),
        "7",
        "'" + "a" * 300 + "'",
    ],
)
def test_other_expressions_are_not(source):
    assert text_of(source) is None


def test_the_parts_of_a_dotted_name_are_constants():
    assert constant_texts(ast.parse("'nn.functional'.split('.')", mode="eval").body) == ("nn", "functional")
    assert constant_texts(ast.parse("['nn', 1]", mode="eval").body) is None


def test_a_large_constant_takes_no_time():
    node = ast.parse(
        "''.join(map(chr, list('a' * 399)[::-1])).upper().replace('A', 'b' * 399)", mode="eval"
    ).body
    began = time.process_time()

    for _ in range(1_000):
        constant_text(node)

    assert time.process_time() - began < 5 * compile_seconds()
