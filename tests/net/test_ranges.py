"""What is asked and what is answered agree, or the reason is told."""

from hypothesis import given
from hypothesis import strategies as st

from accelinstall.net.ranges import Answered, ByteRange, explain_mismatch, parse_content_range

sizes = st.integers(1, 10_000)


@st.composite
def byte_ranges(draw):
    if draw(st.booleans()):
        return ByteRange(tail=draw(sizes))
    start = draw(st.integers(0, 10_000))
    return ByteRange(start=start, stop=draw(st.none() | st.integers(start + 1, 20_000)))


@given(wanted=byte_ranges(), total=sizes)
def test_a_right_answer_has_no_mismatch(wanted, total):
    start, stop = wanted.bounds(total)
    if start < stop:
        answered = parse_content_range(f"bytes {start}-{stop - 1}/{total}")
        assert answered == Answered(start=start, stop=stop, total=total)
        assert explain_mismatch(wanted, answered) == ""


@given(wanted=byte_ranges(), total=sizes, start=sizes, length=sizes)
def test_what_passes_as_right_lies_inside_what_was_asked(wanted, total, start, length):
    answered = Answered(start=start, stop=start + length, total=total)
    asked = wanted.bounds(total)
    if explain_mismatch(wanted, answered) == "":
        assert answered.start == asked[0]
        assert answered.stop <= asked[1]


@given(wanted=byte_ranges(), start=sizes, length=sizes)
def test_without_a_total_the_beginning_still_counts(wanted, start, length):
    answered = Answered(start=start, stop=start + length, total=None)
    if wanted.tail is None and explain_mismatch(wanted, answered) == "":
        assert answered.start == wanted.start


@given(text=st.text() | st.from_regex(r"bytes +\d*-?\d*/?[\d*]*"))
def test_any_header_is_understood_or_refused(text):
    answered = parse_content_range(text)
    if answered is not None:
        assert answered.start < answered.stop
        assert answered.total is None or answered.stop <= answered.total
