"""Where a name is looked up."""

from __future__ import annotations

from accelinstall.catalog import load_catalog
from accelinstall.model.project import Settings, Source
from accelinstall.model.selection import Choice
from accelinstall.resolution import route

DEFAULT = "https://packages.example.com/simple/"
PYTORCH = "https://download.pytorch.org/whl/cpu"
TORCH = Choice(
    package="torch", backend="cpu", versions=("2.15.0",), source="pytorch-cpu", source_url=PYTORCH, local="cpu"
)


def homes(*sources: Source, name: str) -> list[str]:
    """The address *name* is looked up at first, for a project that binds nothing."""
    routing = route(
        default_index=DEFAULT,
        settings=Settings(sources=sources),
        families=load_catalog().families,
        choices=[TORCH],
    )
    return [place.source.url for place in routing.places(name)[0].places]


def test_torch_comes_from_the_catalogs_source_where_the_project_names_none() -> None:
    assert homes(name="torch") == [PYTORCH] and homes(name="torchvision") == [PYTORCH]


def test_a_source_that_the_project_calls_as_the_catalog_does_stands_in_for_it() -> None:
    own = Source(name="pytorch-cpu", url="https://mirror.example.com/whl/cpu", priority="explicit")
    assert homes(own, name="torch") == [own.url] and homes(own, name="torchvision") == [own.url]
    assert homes(own, name="numpy") == [DEFAULT]
