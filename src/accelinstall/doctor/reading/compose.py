"""What a compose file tells: images, variables, and which folders of the host its services see."""

from __future__ import annotations

from collections.abc import Iterator

from accelinstall.doctor.facts import Fact, Image, Mount, Reading, Variable
from accelinstall.doctor.reading.images import image_facts
from accelinstall.doctor.reading.yaml_nodes import Node, parse_yaml


def read_compose(text: str, *, path: str) -> Reading:
    """Facts of every service.

    :raises NotYaml: with the line.
    """
    images: list[Image] = []
    mounts: list[Mount] = []
    variables: list[Variable] = []
    for document in parse_yaml(text):
        services = document.get("services")
        for name, service in (services.pairs if services else {}).items():
            place = f"{path}:{name}"
            # A service that is built gives its own image a name.
            image = service.get("image") if service.get("build") is None else None
            if image and image.text and "$" not in image.text:
                images.append(Image(place=place, reference=image.text, path=path, line=image.line))
            mounts += _mounts(service, place, path)
            variables += _variables(service.get("environment"), place, path)
            variables += _variables(service.get("build", "args"), place, path)
    facts = [fact for image in images for fact in image_facts(image)]
    facts += (
        Fact(fact="poetry", place=one.place, value=one.value, where=f"{path}:{one.line}")
        for one in variables
        if one.name == "POETRY_VERSION" and one.value and "$" not in one.value
    )
    return Reading(facts=tuple(facts), images=tuple(images), mounts=tuple(mounts), variables=tuple(variables))


def _mounts(service: Node, place: str, path: str) -> Iterator[Mount]:
    volumes = service.get("volumes")
    entries = [(*_sides(node), node) for node in volumes.items] if volumes else []
    tmpfs = service.get("tmpfs")
    others = [tmpfs, *tmpfs.items] if tmpfs else []
    targets = frozenset(
        [target.rstrip("/") for _, target, _ in entries] + [node.text.partition(":")[0].rstrip("/") for node in others]
    )
    for source, target, node in entries:
        if source and target:
            # Below an entry of one line, above one of several.
            after = node.line if isinstance(node.value, str) else node.line - 1
            is_odd = node.indent is None or "\n" in node.raw
            yield Mount(
                place=place,
                source=source,
                target=target.rstrip("/") or "/",
                path=path,
                line=node.line,
                covered=targets,
                after=0 if is_odd else after,
                indent=node.indent or "",
                raw=node.raw,
            )


def _sides(node: Node) -> tuple[str, str]:
    """(host folder, folder in the container) of a volume; the host's is empty for a named or anonymous one."""
    if node.pairs:
        is_bind = node.text_of("type") in {"", "bind"}
        return (node.text_of("source") if is_bind else ""), node.text_of("target")
    parts = node.text.split(":")
    if len(parts) > 2 and len(parts[0]) == 1 and parts[0].isalpha() and parts[1][:1] in {"/", "\\"}:
        parts = [f"{parts[0]}:{parts[1]}", *parts[2:]]  # a Windows drive
    if len(parts) == 1:
        return "", parts[0]
    is_folder = parts[0][:1] in {".", "/", "~", "$"} or ":" in parts[0]
    return (parts[0] if is_folder else ""), parts[1]


def _variables(node: Node | None, place: str, path: str) -> Iterator[Variable]:
    """The pairs of an ``environment``, which is a mapping or a list of ``NAME=value``."""
    if node is None:
        return
    for name, value in node.pairs.items():
        yield Variable(place=place, name=name, value=value.text, path=path, line=value.line)
    for item in node.items:
        name, _, text = item.text.partition("=")
        if name:
            yield Variable(place=place, name=name, value=text, path=path, line=item.line)
