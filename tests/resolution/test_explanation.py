"""What users read when no set of packages satisfies every requirement."""

from __future__ import annotations

from typing import Any

from tests.resolution.scenario import run

TORCH_CU126 = {
    "package": "torch",
    "backend": "cu126",
    "versions": ["2.14.0"],
    "source": "pytorch-cu126",
    "source_url": "https://download.pytorch.org/whl/cu126",
    "local": "cu126",
}


def told(row: dict[str, Any]) -> str:
    """The error of a scenario as it is printed."""
    error = run(row).error
    assert error is not None
    assert str(run(row, reverse=True).error) == str(error)
    return error.message + (f"\nhint: {error.hint}" if error.hint else "") + "\n"


def test_two_packages_quarrel_about_a_third() -> None:
    row = {
        "wanted": [
            {"requirement": "pandas>=2", "where": "pyproject.toml:9"},
            {"requirement": "toolkit", "where": "pyproject.toml:12"},
        ],
        "packages": [
            {"name": "pandas", "versions": ["2.2", "2.1", "2.0", "1.5"], "requires": ["numpy>=1.26"]},
            {"name": "toolkit", "versions": ["3.1"], "requires": ["oldlib"]},
            {"name": "oldlib", "versions": ["1.0"], "requires": ["numpy<1.20"]},
            {"name": "numpy", "versions": ["2.3.1", "2.0", "1.26.4", "1.21", "1.19"]},
            {"name": "numpy", "versions": ["1.18"], "tags": ["cp38-cp38-win_amd64"]},
        ],
    }
    assert (
        told(row)
        == """\
no set of packages satisfies every requirement; they quarrel about `numpy`
  `oldlib` 1.0 requires `numpy<1.20`, wanted by `toolkit` 3.1, wanted by the project (pyproject.toml:12)
  `pandas` 2.2 and 2 older versions require `numpy>=1.26`, wanted by the project (pyproject.toml:9)
  of 6 versions of `numpy`:
    2.3.1 to 1.21 (4): outside `numpy<1.20`
    1.19 to 1.18 (2): outside `numpy>=1.26`
hint: relax `toolkit` (pyproject.toml:12) or `pandas>=2` (pyproject.toml:9)
"""
    )


def test_torch_and_tensorflow_quarrel_about_cudnn() -> None:
    row = {
        "wanted": ["torch==2.14.0", "tensorflow[and-cuda]==2.21.0"],
        "packages": [
            {"name": "torch", "versions": ["2.14.0"], "requires": ["nvidia-cudnn-cu12==9.19.0"]},
            {
                "name": "tensorflow",
                "versions": ["2.21.0"],
                "extras": ["and-cuda"],
                "requires": ["nvidia-cudnn-cu12<9.4,>=9.3 ; extra == 'and-cuda'"],
            },
            {"name": "nvidia-cudnn-cu12", "versions": ["9.19.0", "9.3.0"]},
        ],
    }
    assert (
        told(row)
        == """\
no set of packages satisfies every requirement; they quarrel about `nvidia-cudnn-cu12`
  `tensorflow[and-cuda]` 2.21.0 requires `nvidia-cudnn-cu12<9.4,>=9.3`, wanted by the project
  `torch` 2.14.0 requires `nvidia-cudnn-cu12==9.19.0`, wanted by the project
  of 2 versions of `nvidia-cudnn-cu12`:
    9.19.0: outside `nvidia-cudnn-cu12<9.4,>=9.3`
    9.3.0: outside `nvidia-cudnn-cu12==9.19.0`
hint: relax `tensorflow[and-cuda]==2.21.0` or `torch==2.14.0`
"""
    )


def test_a_requirement_that_no_file_satisfies_is_told_with_every_reason() -> None:
    row = {
        "wanted": [{"requirement": "lib>=1", "where": "pyproject.toml:3"}],
        "packages": [
            {"name": "lib", "versions": ["5.0"], "requires_python": ">=3.13"},
            {"name": "lib", "versions": ["4.1", "4.0"], "tags": ["cp311-cp311-win_amd64"]},
            {"name": "lib", "versions": ["3.0"], "yanked": "oops"},
            {"name": "lib", "versions": ["2.0", "1.0"], "sdist": True},
            {"name": "lib", "versions": ["0.9"]},
        ],
    }
    assert (
        told(row)
        == """\
nothing matches `lib>=1`
  the project asks for `lib>=1` (pyproject.toml:3)
  of 7 versions of `lib`:
    2.0 to 1.0 (2): no wheel fits, only a source distribution that would have to be built
    4.1 to 4.0 (2): no wheel for this Python and platform
    5.0: made for other Python versions: >=3.13
    0.9: outside `lib>=1`
    3.0: yanked
hint: build a wheel of `lib` and name its folder with --find-links
"""
    )


def test_the_wrong_build_is_named() -> None:
    row = {
        "wanted": ["torch"],
        "choices": [TORCH_CU126],
        "packages": [
            {"name": "torch", "source": "pytorch-cu126", "versions": ["2.15.0+cu126", "2.14.0+cu130", "2.14.0"]},
        ],
    }
    assert (
        told(row)
        == """\
nothing matches `torch`
  the project asks for `torch`
  of 3 versions of `torch`:
    2.14.0: another build: carries no +cu126
    2.15.0+cu126: another build: is not known to fit the target
    2.14.0+cu130: another build: is the cu130 build, not cu126
hint: `accelinstall explain torch` lists the builds that fit
"""
    )


def test_a_name_no_index_knows() -> None:
    row = {"wanted": ["app"], "packages": [{"name": "app", "versions": ["2", "1"], "requires": ["nowhere>=3"]}]}
    assert (
        told(row)
        == """\
nothing matches `nowhere>=3`
  `app` 2 and 1 older version require `nowhere>=3`, wanted by the project
  no source offers `nowhere`
hint: is `nowhere` spelled as its index spells it, and is that index among the sources?
"""
    )


def test_a_source_that_was_down_is_part_of_the_story() -> None:
    row = {
        "wanted": ["lib>=2"],
        "pip": {"find_links": ["file:///links"]},
        "unreachable": ["default"],
        "packages": [{"name": "lib", "source": "find-links", "versions": ["1.0"]}],
    }
    assert (
        told(row)
        == """\
nothing matches `lib>=2`
  the project asks for `lib>=2`
  of 1 version of `lib`:
    1.0: outside `lib>=2`
  source `default` could not be reached
hint: run again once the source can be reached, or name a folder of wheels with --find-links
"""
    )


def test_a_release_whose_metadata_stands_against_it_says_why() -> None:
    row = {
        "wanted": ["lib"],
        "packages": [{"name": "lib", "versions": ["2.0"], "requires_python": ">=3.13", "file_requires_python": ""}],
    }
    assert (
        told(row)
        == """\
nothing matches `lib`
  the project asks for `lib`
  of 1 version of `lib`:
    2.0: unusable: it requires Python >=3.13
hint: choose another Python: --python-version X.Y, or --python PATH for one that is there
"""
    )


def test_three_parties_are_told_when_no_two_of_them_quarrel() -> None:
    row = {
        "wanted": ["lib!=1", "lib!=2", "lib!=3"],
        "packages": [{"name": "lib", "versions": ["1", "2", "3"]}],
    }
    assert "they quarrel about `lib`" in told(row)
    assert told(row).count("the project asks for") == 3


def test_only_the_parties_that_quarrel_are_told() -> None:
    row = {
        "wanted": ["lib", "lib>=1", "lib<2", "lib>=2", "lib!=7"],
        "packages": [{"name": "lib", "versions": ["1.0", "2.0"]}],
    }
    assert "`lib<2`" in told(row)
    assert "`lib>=2`" in told(row)
    assert "`lib!=7`" not in told(row)


def test_a_wheel_named_by_url_that_does_not_fit_the_others() -> None:
    row = {
        "wanted": ["lib @ https://default.test/files/lib-1.0-py3-none-any.whl", "lib>=2"],
        "packages": [{"name": "lib", "versions": ["1.0"]}],
    }
    assert (
        told(row)
        == """\
no set of packages satisfies every requirement; they quarrel about `lib`
  the project asks for `lib @ https://default.test/files/lib-1.0-py3-none-any.whl`
  the project asks for `lib>=2`
hint: relax `lib @ https://default.test/files/lib-1.0-py3-none-any.whl` or `lib>=2`
"""
    )
