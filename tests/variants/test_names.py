"""Labels in file names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from accelinstall.index.filenames import parse_wheel_name
from accelinstall.model.variants import split_label


@pytest.mark.parametrize(
    ("filename", "tagged", "label"),
    [
        (
            "numpy-2.3.2-cp313-cp313t-musllinux_1_2_x86_64-x86_64_v3.whl",
            "numpy-2.3.2-cp313-cp313t-musllinux_1_2_x86_64.whl",
            "x86_64_v3",
        ),
        ("numpy-2.3.2-1-cp313-cp313-linux_x86_64-null.whl", "numpy-2.3.2-1-cp313-cp313-linux_x86_64.whl", "null"),
        ("numpy-2.3.2-py3-none-any-12.6.whl", "numpy-2.3.2-py3-none-any.whl", "12.6"),
        ("numpy-2.3.2-1-cp313-cp313-linux_x86_64.whl", "numpy-2.3.2-1-cp313-cp313-linux_x86_64.whl", ""),
        ("numpy-2.3.2-cp313-cp313-linux_x86_64.whl", "numpy-2.3.2-cp313-cp313-linux_x86_64.whl", ""),
        ("numpy-2.3.2-py3-none-any-CUDA.whl", "numpy-2.3.2-py3-none-any-CUDA.whl", ""),
        ("numpy-2.3.2-py3-none-any-a-b.whl", "numpy-2.3.2-py3-none-any-a-b.whl", ""),
        ("numpy-2.3.2-variants.json", "numpy-2.3.2-variants.json", ""),
    ],
)
def test_a_label_is_what_follows_the_platform_tag(filename, tagged, label):
    assert split_label(filename) == (tagged, label)


parts = st.from_regex(r"[A-Za-z0-9_.]{1,8}", fullmatch=True)


@given(text=st.text() | st.lists(parts, min_size=1, max_size=8).map(lambda items: "-".join(items) + ".whl"))
def test_a_label_taken_off_can_be_put_back_and_hides_no_wheel_of_today(text):
    tagged, label = split_label(text)
    if label:
        assert tagged.removesuffix(".whl") + f"-{label}.whl" == text
        assert parse_wheel_name(text) is None
        try:
            parse_wheel_filename(text)
        except InvalidWheelFilename:
            pass
        else:
            raise AssertionError("packaging reads it as a wheel without a label")
    else:
        assert tagged == text
