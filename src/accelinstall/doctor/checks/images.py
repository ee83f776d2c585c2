"""Images that are gone, float, carry another CUDA, or lose what was installed."""

from __future__ import annotations

from collections.abc import Iterator

from accelinstall.catalog.tooling import load_tooling
from accelinstall.doctor.checks.registry import Remark, remark
from accelinstall.doctor.evidence import Evidence
from accelinstall.doctor.facts import LATEST
from accelinstall.doctor.reading.images import split_reference


def check_images(evidence: Evidence) -> Iterator[Remark]:
    """Every image that files start from."""
    for image in evidence.reading.images:
        name, tag = split_reference(image.reference)
        if not name or name == "scratch":
            continue
        where = f"{image.path}:{image.line}"
        ended = load_tooling().ended(name, tag)
        if ended is not None:
            gone = ended.state == "gone"
            what = "no longer exists" if gone else "is about to be deleted"
            message = f"{image.place} starts from {image.reference}, which {what}"
            hint = f"take {ended.instead}"
            yield remark("image-gone", message, hint=hint, where=where, level="error" if gone else "warning")
        elif tag == LATEST and "/" not in name.replace("pytorch/", "").replace("nvidia/", ""):
            message = f"{image.place} starts from {image.reference} in whatever version is newest"
            yield remark("image-unpinned", message, hint="name a tag", where=where)
    yield from _cuda(evidence)
    yield from _left_behind(evidence)


def _cuda(evidence: Evidence) -> Iterator[Remark]:
    """An image whose CUDA is of another major than the one the project's wheels bring along."""
    facts = evidence.of("cuda")
    images = {(image.place, f"{image.path}:{image.line}") for image in evidence.reading.images}
    wheels = [fact for fact in facts if (fact.place, fact.where) not in images]
    for fact in facts:
        if (fact.place, fact.where) not in images or not wheels:
            continue
        if all(_major(fact.value) != _major(wheel.value) for wheel in wheels):
            wheel = wheels[0]
            message = f"{fact.place} carries CUDA {fact.value}, and {wheel.where} brings {wheel.value}"
            hint = "the wheels bring their own CUDA: python:slim and the host's driver are enough"
            yield remark("cuda-differs", message, hint=hint, where=fact.where)


def _major(version: str) -> str:
    return version.partition(".")[0]


def _left_behind(evidence: Evidence) -> Iterator[Remark]:
    """A stage that takes ``site-packages`` from another and not the scripts beside it."""
    copies = evidence.reading.copies
    for copy in copies:
        if not copy.origin or not any(_is_library(source) for source in copy.sources):
            continue
        together = [one for one in copies if one.path == copy.path and one.stage == copy.stage and one.origin]
        library = next(source for source in copy.sources if _is_library(source))
        prefix = library.split("/lib/")[0]
        if any(_brings_scripts(source, prefix) for one in together for source in one.sources):
            continue
        folder = f"{prefix}/bin"
        message = f"{copy.place} copies {library} and not {folder}: console scripts such as uvicorn are lost"
        hint = f"COPY --from={copy.origin} {folder} {folder}, or copy the whole environment"
        yield remark("scripts-left-behind", message, hint=hint, where=f"{copy.path}:{copy.line}")


def _is_library(path: str) -> bool:
    return path.rstrip("/").endswith(("/site-packages", "/dist-packages"))


def _brings_scripts(source: str, prefix: str) -> bool:
    """Whether copying *source* brings scripts: of a folder ``bin``, or of a whole tree that holds the library."""
    return "bin" in source.split("/") or f"{prefix}/".startswith(f"{source.rstrip('/')}/")
