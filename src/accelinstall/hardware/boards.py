"""Single boards by their device tree: Jetsons and Raspberry Pis."""

from __future__ import annotations

import re

from accelinstall.hardware.inquiry import Inquiry
from accelinstall.hardware.nvidia_text import parse_driver_version
from accelinstall.values import dataclass

_TREES = ("/proc/device-tree", "/sys/firmware/devicetree/base")
_TEGRA_RELEASE = "/etc/nv_tegra_release"
_DRIVER = "/proc/driver/nvidia/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board as its device tree names it; empty on machines without one.

    :ivar model: such as ``NVIDIA Jetson AGX Orin Developer Kit``.
    :ivar soc: a Jetson's chip, such as ``tegra234``.
    :ivar release: a Jetson's Linux for Tegra release, such as ``36.4.3``.
    """

    model: str = ""
    soc: str = ""
    release: str = ""


def read_board(inquiry: Inquiry) -> Board:
    """The board; a container without the release file still shows the device tree of its host."""
    tree = next((path for path in _TREES if inquiry.exists("device-tree", path)), None)
    if tree is None:
        return Board()
    model = (inquiry.read("device-tree", f"{tree}/model") or "").partition("\0")[0].strip()
    soc = parse_tegra_soc(inquiry.read("device-tree", f"{tree}/compatible") or "")
    return Board(model=model, soc=soc, release=_read_tegra_release(inquiry) if soc else "")


def parse_tegra_soc(compatible: str) -> str:
    """The Tegra chip in a device tree's NUL-separated list of compatible names; empty when it holds none."""
    match = re.search(r"(?:^|\0)nvidia,(tegra\d{2,4}[a-z]?)(?=\0|$)", compatible, re.ASCII)
    return match[1] if match else ""


def tegra_release_of(driver: str | None) -> str:
    """The Linux for Tegra release that an older Jetson's driver calls itself by (34.1.1); empty for other numbers."""
    return driver if driver and re.match(r"3[2-9]\.", driver) else ""


def _read_tegra_release(inquiry: Inquiry) -> str:
    release = parse_tegra_release(inquiry.read("l4t", _TEGRA_RELEASE) or "")
    return release or tegra_release_of(parse_driver_version(inquiry.read("l4t", _DRIVER) or ""))


def parse_tegra_release(text: str) -> str:
    """The release in the first line of ``nv_tegra_release``: ``# R36 (release), REVISION: 4.3, ...`` -> ``36.4.3``."""
    match = re.search(r"R(\d{1,4})\s*\(release\),\s*REVISION:\s*(\d{1,4}(?:\.\d{1,4})*)", text, re.ASCII)
    return f"{match[1]}.{match[2]}" if match else ""
