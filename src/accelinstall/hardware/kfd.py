"""AMD's compute topology as the kernel lists it below ``/sys/class/kfd``."""

from __future__ import annotations

import re

from accelinstall.values import dataclass

# mem_banks: HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC and _PRIVATE, the device's own memory.
_DEVICE_HEAPS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class KfdNode:
    """One node of the topology that computes: a GPU, or one partition of it.

    :ivar architecture: ``gfx942``; ``None`` when the version decodes to no name that AMD's scheme has.
    :ivar location: bus, device and function with the PCI domain above them; 0 when the kernel does not tell.
    :ivar unique_id: the chip's serial number; 0 when it has none.
    :ivar render_minor: N of ``/dev/dri/renderDN``; 0 when the kernel does not tell.
    """

    number: int
    architecture: str | None
    version: int
    device_id: int = 0
    location: int = 0
    unique_id: int = 0
    render_minor: int = 0
    memory_bytes: int = 0


def parse_properties(text: str) -> dict[str, int]:
    """The ``name number`` lines of a properties file; lines of any other form are passed over."""
    found = re.findall(r"^(\w+) (\d{1,20})$", text, re.MULTILINE | re.ASCII)
    return {name: int(number) for name, number in found}


def decode_gfx(version: int) -> str | None:
    """The name of a ``gfx_target_version``: 90402 -> ``gfx942``, 110501 -> ``gfx1151``.

    ``None`` for 0 (a CPU) and for numbers that no name stands for: minor and stepping are one hexadecimal digit each.
    """
    major, minor, step = version // 10000, version // 100 % 100, version % 100
    if not (1 <= major <= 99 and minor <= 15 and step <= 15):
        return None
    return f"gfx{major}{minor:x}{step:x}"


def decode_node(number: int, properties: dict[str, int], *, memory_bytes: int = 0) -> KfdNode | None:
    """The node if it computes; ``None`` for a CPU."""
    version = properties.get("gfx_target_version", 0)
    if version == 0:
        return None
    # Partitions of one GPU differ in the location's four highest bits only.
    location = properties.get("location_id", 0) & 0x0FFFFFFF
    if location:
        location |= properties.get("domain", 0) << 28
    return KfdNode(
        number=number,
        architecture=decode_gfx(version),
        version=version,
        device_id=properties.get("device_id", 0),
        location=location,
        unique_id=properties.get("unique_id", 0),
        render_minor=properties.get("drm_render_minor", 0),
        memory_bytes=memory_bytes or properties.get("local_mem_size", 0),
    )


def bank_bytes(properties: dict[str, int]) -> int:
    """The bank's size when it is the device's own memory, else 0."""
    return properties.get("size_in_bytes", 0) if properties.get("heap_type") in _DEVICE_HEAPS else 0


def group_partitions(nodes: tuple[KfdNode, ...]) -> tuple[tuple[KfdNode, ...], ...]:
    """The nodes of each physical GPU together, in the order of their first node.

    Nodes are one GPU when they share a serial number or a place on the bus; a kernel may give partitions their own
    serial numbers, or hide the place, but not both.
    """
    groups: list[list[KfdNode]] = []
    for node in nodes:
        related = [group for group in groups if any(_is_same_gpu(node, other) for other in group)]
        if not related:
            groups.append([node])
            continue
        first, *others = related
        for other in others:
            first += other
            groups.remove(other)
        first.append(node)
    return tuple(tuple(group) for group in groups)


def _is_same_gpu(one: KfdNode, other: KfdNode) -> bool:
    by_serial = one.unique_id != 0 and one.unique_id == other.unique_id
    by_place = one.location != 0 and one.location == other.location
    return by_serial or by_place
