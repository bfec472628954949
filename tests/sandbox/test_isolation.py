"""The words for what workers are held to, from every combination of tiers, and what a worker may say first."""

import socket

import pytest

from grader.errors import IsolationError
from grader.sandbox.inside import tiers, wire
from grader.sandbox.isolation import Isolation, IsolationLevel, receive_first_words, require

OF_CALLS = ("network", "subprocesses", "other processes", "shared memory")

OF_MASKS = {
    # limits, files, system calls, user: the level, and the gaps
    0b0000: ("process", ("limits", "filesystem", *OF_CALLS, "user")),
    0b0001: ("process", ("filesystem", *OF_CALLS, "user")),
    0b0010: ("partial", ("limits", *OF_CALLS, "user")),
    0b0011: ("partial", (*OF_CALLS, "user")),
    0b0100: ("partial", ("limits", "filesystem", "user")),
    0b0101: ("partial", ("filesystem", "user")),
    0b0110: ("partial", ("limits", "user")),
    0b0111: ("partial", ("user",)),
    0b1000: ("process", ("limits", "filesystem", *OF_CALLS)),
    0b1001: ("process", ("filesystem", *OF_CALLS)),
    0b1010: ("partial", ("limits", *OF_CALLS)),
    0b1011: ("partial", OF_CALLS),
    0b1100: ("partial", ("limits", "filesystem")),
    0b1101: ("partial", ("filesystem",)),
    0b1110: ("partial", ("limits",)),
    0b1111: ("confined", ()),
}


def test_the_tiers_are_the_bits_of_the_table():
    named = [tiers.LIMITS, tiers.FILES, tiers.SYSTEM_CALLS, tiers.USER]

    assert named == [0b0001, 0b0010, 0b0100, 0b1000]
    assert sum(named) == tiers.ALL


@pytest.mark.parametrize("mask, expected", OF_MASKS.items(), ids=[f"{mask:04b}" for mask in OF_MASKS])
def test_the_level_and_the_words_follow_from_the_tiers_that_hold(mask, expected):
    isolation = Isolation.of_tiers(mask)

    assert (isolation.level, isolation.missing) == expected


def test_bits_that_are_no_tier_change_nothing():
    for mask in OF_MASKS:
        assert Isolation.of_tiers(mask | 0xFFFFFFF0) == Isolation.of_tiers(mask)


def test_levels_are_ranked_from_the_weakest():
    assert [level.rank for level in IsolationLevel] == [0, 1, 2]
    assert IsolationLevel.process.rank < IsolationLevel.partial.rank < IsolationLevel.confined.rank


@pytest.mark.parametrize("least", IsolationLevel)
def test_what_is_asked_for_is_required_and_no_more(least):
    for mask in OF_MASKS:
        isolation = Isolation.of_tiers(mask)
        if isolation.level.rank >= least.rank:
            require(isolation, least)
        else:
            with pytest.raises(IsolationError, match=f"at level {isolation.level}, but {least} is required"):
                require(isolation, least)


def test_the_sentence_says_what_is_missing_and_what_to_do():
    with pytest.raises(IsolationError) as caught:
        require(Isolation.of_tiers(tiers.LIMITS | tiers.SYSTEM_CALLS), IsolationLevel.confined)

    assert str(caught.value) == (
        "this machine isolates code at level partial, but confined is required: the file system and the user account"
        " are not isolated. Nothing was graded. Run `grader doctor` to see how to fix it, or pass --isolation partial"
        " if you trust the code"
    )
    assert (caught.value.expected, caught.value.seen) == ("confined", "partial")


@pytest.fixture
def say():
    """(bytes) to what the judge makes of a worker that sends them and is gone."""

    def run(sent):
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                theirs.sendall(sent)
            ours.settimeout(5)
            return receive_first_words(ours, has_device=False).isolation

    return run


def test_what_a_worker_says_first_is_its_isolation(say):
    for mask in OF_MASKS:
        assert say(tiers.HELLO.pack(tiers.MAGIC, mask)) == Isolation.of_tiers(mask)


def test_what_comes_after_the_first_word_is_left_for_others():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(tiers.HELLO.pack(tiers.MAGIC, tiers.ALL) + b"next")
        receive_first_words(ours, has_device=False)

        assert ours.recv(10) == b"next"


@pytest.mark.parametrize("sent", [b"", b"h", tiers.MAGIC, tiers.HELLO.pack(tiers.MAGIC, 15)[:-1]])
def test_a_worker_that_ends_before_its_first_word_is_no_worker(say, sent):
    with pytest.raises(wire.Closed):
        say(sent)


@pytest.mark.parametrize(
    "sent", [b"\0" * 8, b"HELD" + b"\x0f\0\0\0", b"\x0f\0\0\0held", b"\xff" * 100, b"{'tiers'"]
)
def test_nonsense_is_no_first_word(say, sent):
    with pytest.raises(wire.WireError, match="invalid first words"):
        say(sent)


def test_a_worker_that_says_nothing_is_waited_for_no_longer_than_the_socket_says():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.01)

        with pytest.raises(TimeoutError):
            receive_first_words(ours, has_device=False)
