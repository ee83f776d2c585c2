"""When a failure is worth another attempt, and after how long."""

from hypothesis import given
from hypothesis import strategies as st

from accelinstall.net import HostUnknown, NotFound, ServerFailed, TooManyRequests
from accelinstall.net.retries import RetryPolicy

chances = st.floats(0, 1)


@given(attempt=st.integers(1, 100), chance=chances)
def test_a_wait_is_never_longer_than_allowed(attempt, chance):
    delay = RetryPolicy(attempts=1000).delay(ServerFailed("http://h/", "x"), attempt=attempt, chance=chance)
    assert 0.2 <= delay <= 20.0


@given(attempt=st.integers(1, 4), chance=chances)
def test_each_wait_is_at_least_as_long_as_the_one_before_could_be(attempt, chance):
    policy, error = RetryPolicy(), ServerFailed("http://h/", "x")
    assert policy.delay(error, attempt=attempt, chance=chance) >= policy.backoff * 2 ** (attempt - 2)


def test_errors_know_whether_another_attempt_can_help():
    policy = RetryPolicy()
    assert policy.delay(NotFound("http://h/", "x"), attempt=1, chance=0) is None
    assert policy.delay(HostUnknown("http://h/", "x"), attempt=1, chance=0) is not None
    assert policy.delay(HostUnknown("http://h/", "x"), attempt=2, chance=0) is None
    assert policy.delay(ServerFailed("http://h/", "x"), attempt=5, chance=0) is None


def test_the_servers_own_wish_is_granted_within_patience():
    policy = RetryPolicy(patience=30)
    assert policy.delay(TooManyRequests("http://h/", "x", retry_after=30), attempt=1, chance=0) == 30
    assert policy.delay(TooManyRequests("http://h/", "x", retry_after=31), attempt=1, chance=0) is None
