"""What selection raises."""

from __future__ import annotations

from collections.abc import Sequence

from accelinstall.errors import SelectionError, UsageError
from accelinstall.model.hardware import Environment
from accelinstall.model.selection import Retarget, Verdict


class NoBuildFits(SelectionError):
    """Every build of a framework was rejected; each with its reason in ``verdicts``.

    :ivar retarget: the edit of the project's source that the hint names; ``None`` where it names none.
    """

    code = "no-build-fits"

    def __init__(
        self, message: str, *, hint: str = "", verdicts: Sequence[Verdict] = (), retarget: Retarget | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.verdicts = tuple(verdicts)
        self.retarget = retarget


class BackendNeeded(UsageError):
    """An environment was asked for on a machine without such a device, and nothing says which build."""

    code = "backend-needed"

    def __init__(self, environment: Environment, *, choices: Sequence[str], architecture: str, present: bool) -> None:
        what = "tells its architecture or its driver" if present else "is here"
        super().__init__(
            f"no {environment} device {what}, and neither the project's source, `--backend`, `--gpu-arch` nor "
            f"`--driver-version` says which build to take; choices: {', '.join(choices)}",
            hint=f"--backend {choices[0]}, or --gpu-arch {architecture}",
        )
        self.environment, self.choices = environment, tuple(choices)


class UnknownBackend(UsageError):
    """A backend slug that the catalog does not know."""

    code = "unknown-backend"

    def __init__(self, slug: str, *, choices: Sequence[str]) -> None:
        from difflib import get_close_matches

        near = get_close_matches(slug, choices, n=1, cutoff=0.5)
        super().__init__(
            f"`{slug}` is not a backend; known: {', '.join(choices)}", hint=f"--backend {near[0]}" if near else ""
        )
        self.slug, self.choices = slug, tuple(choices)


class InvalidWish(UsageError):
    """A wish whose version specifier is not one."""

    code = "invalid-specifier"

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is not a version specifier", hint="write it as `>=2.1,<3` or `==2.14.1`")
        self.text = text


class UnknownArchitecture(UsageError):
    """A text that names no GPU architecture."""

    code = "unknown-architecture"

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is not a GPU architecture", hint="--gpu-arch sm_90, gfx942, xe-hpg or apple")
        self.text = text


class UnknownPlatform(UsageError):
    """A text that names no platform."""

    code = "unknown-platform"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{text}` is not a platform", hint="--platform linux-x86_64, linux-aarch64, windows-x86_64 or macos-arm64"
        )
        self.text = text
