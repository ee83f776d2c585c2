"""Values as lines a person reads; sizes as ``553 MB``, times as ``1.2 s``, readable without colour."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from accelinstall.model.installation import Install, Remove, Replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accelinstall.model.hardware import Device, HardwareReport
    from accelinstall.model.installation import Proof, Receipt
    from accelinstall.model.selection import Candidate, Selected, Verdict
    from accelinstall.pipeline.cataloguing import CatalogRow
    from accelinstall.pipeline.outcomes import Explanation, Locked, LockState, Synced

_LABEL = 13


def size(count: float) -> str:
    """Bytes as people say them, in powers of a thousand as package indexes do."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} GB" if count < 1000 else f"{count / 1000:.1f} TB"


def memory(count: int) -> str:
    """Main or device memory in binary gigabytes, as vendors print it."""
    return f"{count / 2**30:.1f} GiB"


def plural(count: int, noun: str) -> str:
    """``1 package``, ``2 packages``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def report_lines(report: HardwareReport, environment: str = "") -> Iterator[str]:
    """The short report of ``detect``; sources that could not be read are named at its end."""
    if not report.devices:
        yield labelled("GPU", "none found")
    for line, count in Counter(map(device_line, report.devices)).items():
        yield labelled("GPU", line if count == 1 else f"{count} x {line}")
    cpu, platform = report.cpu, report.platform
    cores = f"{cpu.available_cores:g} of {plural(cpu.logical_cores, 'core')}"
    yield labelled("CPU", " · ".join(filter(None, (cpu.model or platform.machine, cores, cpu.level))))
    limit = report.memory.limit_bytes
    limited = f", limited to {memory(limit)}" if limit is not None else ""
    yield labelled("Memory", memory(report.memory.total_bytes) + limited)
    system = " ".join(filter(None, (platform.system, platform.release, platform.machine)))
    libc = " ".join(filter(None, (platform.libc, platform.libc_version)))
    macos = f"macOS {platform.macos_version}" if platform.macos_version else ""
    python = f"Python {platform.python_version}" if platform.python_version else ""
    yield labelled("System", " · ".join(filter(None, (system, libc, macos, python))))
    around = [platform.container and f"container {platform.container}", "WSL" if platform.wsl else ""]
    around += [platform.board, "Rosetta" if platform.rosetta else ""]
    if any(around):
        yield labelled("Around it", " · ".join(filter(None, around)))
    if environment:
        yield labelled("Environment", environment)
    for item in report.evidence:
        if item.failure and not item.absent:
            yield labelled("Unread", f"{item.source}: {item.failure}")


def device_line(device: Device) -> str:
    """One accelerator in one line."""
    driver = f"driver {device.driver}" if device.driver else ""
    if driver and device.driver_cuda:
        driver += f" (CUDA {device.driver_cuda})"
    amount = memory(device.memory_bytes) if device.memory_bytes else ""
    parts = [
        device.name,
        device.architecture or "",
        amount,
        driver,
        "integrated" if device.integrated and device.vendor != "apple" else "",
    ]
    if not device.confirmed:
        parts.append(f"not confirmed: {device.reason}")
    elif not device.usable:
        parts.append(f"not usable: {device.reason}" if device.reason else "not usable")
    return " · ".join(filter(None, parts))


def explanation_lines(explanation: Explanation, *, every: bool = False) -> Iterator[str]:
    """Found, chosen, and each build considered with its reason."""
    selection = explanation.selection
    target = selection.candidates[0].target
    yield from report_lines(explanation.report, target.environment)
    yield labelled("Target", str(target))
    yield ""
    yield from selected_lines(selection.selected)
    first = selection.candidates[0]
    if first.download_bytes and len(selection.selected) > 1:
        yield labelled("Together", f"about {size(first.download_bytes)}, what they share once")
    others = [candidate_name(candidate) for candidate in selection.candidates[1:]]
    if others:
        yield labelled("Next", "would be " + ", ".join(dict.fromkeys(others)))
    if selection.verdicts:
        yield ""
        yield from verdict_lines(selection.verdicts, every=every)


def candidate_name(candidate: Candidate) -> str:
    """``cu130, tensorflow cu12 (about 5.9 GB)``: a candidate's backends, and what it costs where that is known."""
    target = candidate.target
    others = "".join(f" + {name} {slug}" for name, slug in target.backends if slug != "cpu")
    cost = f" (about {size(candidate.download_bytes)})" if candidate.download_bytes else ""
    return f"{target.backend}{others}{cost}"


_UNKNOWN = "of a release that the catalog does not know"


def selected_lines(selected: Iterable[Selected]) -> Iterator[str]:
    """What was chosen."""
    for row in selected:
        place = f" from {row.source_url}" if row.source_url else " from the default index"
        cost = f", about {size(row.download_bytes)}" if row.download_bytes else ""
        yield labelled("Chosen", f"{row.name} {row.version or _UNKNOWN} ({row.backend}){place}{cost}")


def verdict_lines(verdicts: Iterable[Verdict], *, every: bool = False) -> Iterator[str]:
    """Builds considered; rejected ones of one backend and reason are told once, with their range, unless *every*."""
    if every:
        for verdict in verdicts:
            mark = "accepted" if verdict.accepted else "rejected"
            build = f"{verdict.package} {verdict.version:<9} {verdict.backend:<9}"
            yield f"{mark}  {build} {verdict.code}: {verdict.reason}"
        return
    groups: dict[tuple[str, str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.package, verdict.backend, verdict.code, verdict.needed), []).append(verdict)
    for (package, backend, code, _), rows in groups.items():
        versions = rows[0].version if len(rows) == 1 else f"{rows[-1].version} to {rows[0].version}"
        mark = "accepted" if rows[0].accepted else "rejected"
        yield f"{mark}  {package} {versions:<18} {backend:<9} {code}: {rows[0].reason}"


def catalog_lines(rows: Iterable[CatalogRow]) -> Iterator[str]:
    """One build a line, a heading for each package."""
    package = ""
    for row in rows:
        if row.package != package:
            package = row.package
            yield package
        index = "" if row.index == "default index" else f"  {row.index}"
        yield f"  {row.backend:<22} {row.releases:<22} {row.code}{index}"


def locked_lines(locked: Locked) -> Iterator[str]:
    """One target's lock in a few lines."""
    lock = locked.lock
    known = sum(package.size or 0 for package in lock.packages)
    amount = f", {size(known)} of wheels" if known else ""
    state = "is up to date" if locked.fresh else "written" if locked.written else "not written"
    yield f"{locked.path or lock.target.slug}: {plural(len(lock.packages), 'package')}{amount}, {state}"
    if locked.previous is not None and not locked.fresh:
        from accelinstall.lockfile import diff_locks

        yield from (f"  {change}" for change in diff_locks(locked.previous, lock))


def state_lines(state: LockState) -> Iterator[str]:
    """One target's lock and whether it is true, with what has changed."""
    words = {"fresh": "is up to date", "stale": "is out of date", "missing": "is missing", "broken": "cannot be read"}
    yield f"{state.path}: {words[state.state]}"
    yield from (f"  {change}" for change in state.changes)


def transaction_summary(synced: Synced) -> str:
    """What will happen, in one line."""
    transaction = synced.transaction
    if not transaction.steps and not transaction.kept:
        return "nothing to install"
    if not transaction.steps:
        return f"nothing to do: {plural(len(transaction.kept), 'package')} already as locked"
    counts = [(sum(isinstance(step, kind) for step in transaction.steps), verb) for kind, verb in _VERBS]
    parts = [f"{verb} {count}" for count, verb in counts if count]
    unbuilt = sum(package.is_unbuilt for package in transaction.packages)
    if unbuilt:
        parts.append(f"build {unbuilt}")
    if synced.download_bytes or synced.unsized:
        more = f" and {plural(synced.unsized, 'file')} of unknown size" if synced.unsized else ""
        hosts = ", ".join(host for host, _, _ in synced.supply if host)
        parts.append(f"download {size(synced.download_bytes)}{more}{f' from {hosts}' if hosts else ''}")
    elif transaction.packages and not synced.missing:
        parts.append("all of it stored already")
    if synced.disk_bytes:
        parts.append(f"about {size(synced.disk_bytes)} on disk")
    return ", ".join(parts)


_VERBS = ((Install, "install"), (Replace, "replace"), (Remove, "remove"))


def transaction_lines(synced: Synced) -> Iterator[str]:
    """Every step, one a line, with what has to be fetched for it."""
    for step in synced.transaction.steps:
        if isinstance(step, Remove):
            yield f"- {step.installed.name} {step.installed.version}"
            continue
        package = step.package
        amount = "of unknown size" if package.size is None else size(package.size)
        cost = "to be built" if package.is_unbuilt else amount if package.sha256 in synced.missing else "stored"
        if isinstance(step, Install):
            yield f"+ {package.name} {package.version} ({cost})"
        else:
            yield f"~ {package.name} {step.installed.version} -> {package.version} ({cost})"


def change_lines(receipt: Receipt) -> Iterator[str]:
    """What a receipt changed, one distribution a line."""
    signs = {"install": "+", "replace": "~", "remove": "-"}
    return (f"{signs[action]} {name} {version}" for action, name, version in receipt.changes)


def receipt_line(receipt: Receipt) -> str:
    """What was done, with the three slowest steps."""
    counts = [(sum(change[0] == verb for change in receipt.changes), verb) for verb in ("install", "replace", "remove")]
    done = ", ".join(f"{verb} {count}" for count, verb in counts if count)
    slowest = sorted(((phase, s) for phase, s in receipt.timings.items() if s >= 0.05), key=lambda item: -item[1])[:3]
    times = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in slowest)
    amount = f"{size(receipt.bytes_installed)} in {plural(receipt.files, 'file')} by {receipt.link_mode}"
    laid_out = amount if receipt.files else ""
    return " · ".join(filter(None, (done, laid_out, times)))


def proof_line(proof: Proof) -> str:
    """What one framework did."""
    return f"{proof.status}: {proof.detail or ' '.join(filter(None, (proof.framework, proof.version)))}"


def labelled(label: str, text: str) -> str:
    """*text* under *label*, in the column all reports share."""
    return f"{label:<{_LABEL}}{text}"
