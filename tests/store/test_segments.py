"""The map of a file that arrives in parts, and its journal, by value."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from accelinstall.store.transfer.journal import parse_journal
from accelinstall.store.transfer.segments import Segments


def test_a_file_of_its_own_is_asked_for_whole_and_shared_once_somebody_comes():
    segments = Segments(1000, length=100, window=1000)
    first = segments.claim(alone=True)
    assert (first.start, first.stop) == (0, 1000)
    segments.advance(first, 50)
    second = segments.claim()
    assert (first.stop, second.start, second.stop) == (150, 150, 250)
    assert segments.claim().start == 250


def test_a_part_that_is_given_back_is_the_next_to_be_asked_for():
    segments = Segments(1000, length=100, window=1000)
    first, second = segments.claim(), segments.claim()
    segments.advance(first, 30)
    segments.advance(second, 100)
    segments.release(first)
    third = segments.claim()
    assert (third.start, third.stop, segments.front) == (30, 100, 30)
    assert segments.arrived == ((0, 30), (100, 200))


def test_nobody_runs_further_ahead_than_the_window():
    segments = Segments(1000, length=100, window=200)
    first = segments.claim()
    assert segments.claim().start == 100
    assert segments.claim() is None
    segments.advance(first, 100)
    assert segments.claim().start == 200


def test_a_finished_part_reaches_further_while_nobody_has_what_follows():
    segments = Segments(250, length=100, window=1000)
    claim = segments.claim()
    segments.advance(claim, 100)
    assert segments.extend(claim) and claim.stop == 200
    other = segments.claim()
    segments.advance(claim, 100)
    assert (other.start, other.stop) == (200, 250)
    assert not segments.extend(claim)


def test_bytes_beyond_a_claim_are_not_counted():
    segments = Segments(100, length=10, window=100)
    claim = segments.claim()
    assert segments.advance(claim, 25) == 10
    assert segments.arrived == ((0, 10),)


@given(st.integers(1, 400), st.integers(1, 50), st.integers(0, 1 << 32))
def test_whatever_the_order_every_byte_is_fetched_exactly_once(size, length, seed):
    random = Random(seed)
    segments = Segments(size, length=length, window=4 * length)
    fetched = [0] * size
    claims = []
    for _ in range(10_000):
        if segments.is_complete:
            break
        action = random.random()
        if action < 0.3 or not claims:
            claim = segments.claim(alone=not claims)
            claims += [claim] if claim else []
            continue
        claim = random.choice(claims)
        position = claim.position
        for at in range(position, position + segments.advance(claim, random.randint(1, length))):
            fetched[at] += 1
        if claim.position >= claim.stop or action > 0.9:
            claims.remove(claim)
            segments.release(claim)
    assert fetched == [1] * size
    assert segments.arrived == ((0, size),)


@given(st.text(alphabet="accelinstall parts 1\n0123456789-end", max_size=80))
def test_any_text_is_a_journal_or_none(text):
    found = parse_journal(text, 100)
    assert found is None or all(0 <= start < stop <= 100 for start, stop in found[1])


def test_a_journal_that_is_cut_off_is_not_believed():
    text = 'accelinstall parts 1\n"tag"\n0 10\n20 900\nend\n'
    assert parse_journal(text, 100) == ('"tag"', ((0, 10), (20, 100)))
    assert all(parse_journal(text[:cut], 100) is None for cut in range(len(text)))
