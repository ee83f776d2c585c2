"""Asks uv, light-the-torch and torchruntime about the recorded hosts, and writes their answers to ``peers.toml``.

    python docs/measure_peers.py --uv PATH --python PATH

``--python`` is the interpreter of an environment that holds light-the-torch and torchruntime.  Nothing leaves the
machine: a proxy on loopback answers for PyTorch's index with pages made from the catalog.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from accelinstall.catalog import Release, load_catalog, numbers_of
from accelinstall.hardware import RecordedHost, detect
from accelinstall.hardware.kfd import decode_gfx, parse_properties
from accelinstall.model.hardware import Platform

DOCS = Path(__file__).parent
HOSTS = DOCS.parent / "tests" / "hosts"
INDEX_HOST = "download.pytorch.org"
KFD = "/sys/class/kfd/kfd/topology/nodes"
PCI = "/sys/bus/pci/devices"
# The gfx names that uv's table knows, in its order (its sources, August 2026).
UV_GFX = (
    "gfx900 gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1100 gfx1101 gfx1102 gfx1150 gfx1151 gfx1200 gfx1201".split()
)


# -- what a peer would read on the recorded machine -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What peers look at.

    :ivar kernel_driver: NVIDIA's driver as ``/sys`` or ``/proc`` tell it; ``smi_driver`` as ``nvidia-smi`` does.
    :ivar gfx: AMD architectures that ROCm's enumerator lists.
    :ivar displays: (vendor, device) of display controllers, four lower-case digits each.
    :ivar on_a_bus: whether the machine has GPUs that ``lspci`` would list, whether the record lists them or not.
    """

    platform: Platform
    kernel_driver: str
    smi_driver: str
    gfx: tuple[str, ...]
    displays: tuple[tuple[str, str], ...]
    on_a_bus: bool


def see(directory: Path) -> Seen:
    """What the host recorded in *directory* shows to a peer."""
    host = RecordedHost(directory)
    report = detect(host)
    listed = [device for device in report.devices if device.vendor != "apple" and not device.tegra]
    return Seen(
        platform=report.platform,
        kernel_driver=_kernel_driver(host),
        smi_driver=_smi_driver(host),
        gfx=tuple(_gfx(host)),
        displays=tuple(_displays(host)),
        on_a_bus=bool(listed) and not report.platform.wsl,
    )


def _kernel_driver(host: RecordedHost) -> str:
    text = host.read_text("/sys/module/nvidia/version")
    if text:
        return text.strip()
    fields = (host.read_text("/proc/driver/nvidia/version") or "").split("  ")
    return fields[1].strip() if len(fields) > 1 else ""


def _smi_driver(host: RecordedHost) -> str:
    """nvidia-smi speaks through NVML; where the record has its output, that."""
    answer = host.nvml()
    if answer.status == "answered" and answer.devices:
        return answer.driver_version
    for fields in ("driver_version,name,compute_cap", "driver_version,name"):
        command = host.run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"])
        if command.status == "finished" and command.returncode == 0 and command.stdout[:1].isdigit():
            return command.stdout.partition(",")[0].strip()
    return ""


def _gfx(host: RecordedHost) -> Iterator[str]:
    for node in host.list_dir(KFD):
        version = parse_properties(host.read_text(f"{KFD}/{node}/properties") or "").get("gfx_target_version", 0)
        name = decode_gfx(int(version)) if version else None
        if name:
            yield name
    yield from re.findall(r"Name:\s+(gfx[0-9a-f]+)\n", host.run(["rocminfo"]).stdout)


def _displays(host: RecordedHost) -> Iterator[tuple[str, str]]:
    for address in host.list_dir(PCI):
        if (host.read_text(f"{PCI}/{address}/class") or "").startswith("0x03"):
            ids = [
                (host.read_text(f"{PCI}/{address}/{name}") or "").strip()[2:6].lower() for name in ("vendor", "device")
            ]
            yield ids[0], ids[1]
    for adapter in host.display_adapters():
        match = re.search(r"VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})", adapter)
        if match:
            yield match[1].lower(), match[2].lower()


# -- PyTorch's index, from the catalog --------------------------------------------------------------------------------


def filenames(label: str) -> Iterator[str]:
    """Every torch wheel on the index *label* (``cu130``, ``cpu``...), as the catalog knows it."""
    catalog = load_catalog()
    for backend in catalog.backends:
        if backend.local == label and not backend.l4t:
            for release in catalog.releases:
                yield from _wheels(release, [p for p in _platforms(release) if backend.build(release.series, p)], label)
    if label == "cpu":
        for release in catalog.releases:
            yield from _wheels(release, [p for p in _platforms(release) if p.startswith("macos")], "")


def _platforms(release: Release) -> list[str]:
    return sorted({wheel.platform for wheel in release.wheels})


def _wheels(release: Release, platforms: list[str], label: str) -> Iterator[str]:
    version = f"{release.version}%2B{label}" if label else release.version
    for wheel in release.wheels:
        if wheel.platform in platforms:
            for python in wheel.pythons:
                abi = python if not wheel.platform.startswith("macos") else "none"
                yield f"torch-{version}-{python.removesuffix('t')}-{abi}-{_tag(wheel.platform, wheel.floor)}.whl"


def _tag(platform: str, floor: tuple[int, ...]) -> str:
    system, _, machine = platform.partition("-")
    if system == "windows":
        return {"x86_64": "win_amd64", "arm64": "win_arm64"}[machine]
    numbers = "_".join(map(str, (*floor, 0)[:2]))
    return f"macosx_{numbers}_{machine}" if system == "macos" else f"manylinux_{numbers}_{machine}"


def newest_on(label: str, seen: Seen) -> str:
    """The newest torch that an installer finds on the index *label* for the machine; empty when there is none."""
    catalog, platform = load_catalog(), seen.platform
    tag = f"cp{''.join(platform.python_version.split('.')[:2])}"
    for release in catalog.releases:
        wheel = release.wheel(platform.slug, tag)
        built = any(item.local == label and item.build(release.series, platform.slug) for item in catalog.backends)
        floor = numbers_of(platform.libc_version or platform.macos_version)
        if wheel is not None and built and floor >= wheel.floor and platform.libc != "musl":
            return release.version
    return ""


class Proxy(socketserver.StreamRequestHandler):
    """Answers ``CONNECT`` with TLS of its own and every page behind it; nothing is fetched."""

    context: ssl.SSLContext

    def handle(self) -> None:
        """One connection, any number of requests."""
        self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            with self.context.wrap_socket(self.connection, server_side=True) as stream, stream.makefile("rwb") as file:
                while line := file.readline():
                    while file.readline().strip():
                        pass
                    file.write(self.respond(line.split()[1].decode()))
                    file.flush()
        except OSError:
            return

    def respond(self, path: str) -> bytes:
        """The response to a request for *path*."""
        match = re.fullmatch(r"/whl/([a-z0-9.]+)/torch/", path)
        names = sorted(set(filenames(match[1]))) if match else []
        body, status = b"", "200 OK"
        if names:
            body = "".join(f'<a href="{name}" data-core-metadata="true">{name}</a>' for name in names).encode()
        elif path.endswith((".metadata", ".whl")):
            version = path.rpartition("/")[2].split("-")[1].replace("%2B", "+")
            metadata = f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
            body = metadata.encode() if path.endswith(".metadata") else _empty_wheel(version, metadata)
        else:
            status = "404 Not Found"
        return f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _empty_wheel(version: str, metadata: str) -> bytes:
    """For installers that open the wheel even in a dry run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"torch-{version}.dist-info/METADATA", metadata)
        archive.writestr(f"torch-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        archive.writestr(f"torch-{version}.dist-info/RECORD", "")
    return buffer.getvalue()


def serve(folder: Path) -> str:
    """Starts the proxy for the rest of the process; its address."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", f"/CN={INDEX_HOST}", "-addext", f"subjectAltName=DNS:{INDEX_HOST}"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    Proxy.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Proxy.context.load_cert_chain(certificate, key)
    socketserver.ThreadingTCPServer.daemon_threads = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


# -- the peers --------------------------------------------------------------------------------------------------------


def ask_uv(uv: str, seen: Seen, proxy: str, folder: Path) -> str:
    """What the real uv resolves, told what it would have read."""
    platform = _uv_platform(seen.platform)
    if not platform:
        return ""
    backend, environ = "auto", dict[str, str]()
    known = sorted((name for name in seen.gfx if name in UV_GFX), key=UV_GFX.index)
    linux = seen.platform.system == "linux"
    if seen.platform.system == "macos":
        backend = "cpu"
    elif driver := seen.kernel_driver or seen.smi_driver:
        environ["UV_CUDA_DRIVER_VERSION"] = driver
    elif known and linux:
        environ["UV_AMD_GPU_ARCHITECTURE"] = known[0]
    else:
        backend = "xpu" if any(vendor == "8086" for vendor, _ in seen.displays) else "cpu"
    (folder / "torch.in").write_text("torch\n")
    command = [uv, "pip", "compile", "--no-config", "--no-header", "--no-annotate", "--cache-dir", str(folder / "uv")]
    command += ["--allow-insecure-host", INDEX_HOST, "--torch-backend", backend, "--python-platform", platform]
    command += ["--python-version", seen.platform.python_version, str(folder / "torch.in")]
    environ |= {"HTTPS_PROXY": proxy, "MACOSX_DEPLOYMENT_TARGET": seen.platform.macos_version or "14.0"}
    return _run(command, environ)


def _uv_platform(platform: Platform) -> str:
    if platform.libc == "musl":
        return f"{platform.machine}-unknown-linux-musl"
    if platform.system == "linux":
        known = platform.machine in ("x86_64", "aarch64")
        minor = min(numbers_of(platform.libc_version)[1], 40)
        return f"{platform.machine}-manylinux_2_{minor if minor > 30 else 28}" if known else ""
    names = {"windows-x86_64": "x86_64-pc-windows-msvc", "windows-arm64": "aarch64-pc-windows-msvc"}
    names |= {"macos-arm64": "aarch64-apple-darwin", "macos-x86_64": "x86_64-apple-darwin"}
    return names.get(platform.slug, "")


LTT = """
import sys, types
import light_the_torch._cb as cb
cb.platform = types.SimpleNamespace(system=lambda: sys.argv[1])
driver = sys.argv[2]
cb._detect_nvidia_driver_version = lambda: cb.Version(driver) if driver else None
from light_the_torch._cli import main
sys.exit(main(sys.argv[3:]))
"""


def ask_light_the_torch(python: str, seen: Seen, proxy: str, folder: Path) -> str:
    """What the real light-the-torch would install; its driver query is answered from the record."""
    platform = seen.platform
    if platform.libc == "musl" or platform.slug not in _PIP_PLATFORMS:
        return ""
    system = {"linux": "Linux", "macos": "Darwin", "windows": "Windows"}[platform.system]
    tags = [f"{name}_{platform.machine}" for name in ("manylinux2014", "manylinux_2_17", "manylinux_2_28")]
    if platform.system != "linux":
        tags = [_tag(platform.slug, numbers_of(platform.macos_version)[:1])]
    command = [python, "-c", LTT, system, seen.smi_driver, "install", "--dry-run", "--no-cache-dir", "--isolated"]
    command += ["--target", str(folder / "ltt"), "--only-binary=:all:", "--report", str(folder / "report.json"), "-q"]
    command += [part for tag in tags for part in ("--platform", tag)]
    command += ["--python-version", ".".join(platform.python_version.split(".")[:2]), "--trusted-host", INDEX_HOST]
    (folder / "report.json").unlink(missing_ok=True)
    said = _run([*command, "torch"], {"HTTPS_PROXY": proxy, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    if not (folder / "report.json").exists():
        return said
    (item,) = json.loads((folder / "report.json").read_text())["install"]
    return _answer(f"torch=={item['metadata']['version']}")


_PIP_PLATFORMS = ("linux-x86_64", "linux-aarch64", "windows-x86_64", "macos-arm64", "macos-x86_64")

TORCHRUNTIME = """
import sys, json
import torchruntime.platform_detection as p
from torchruntime.device_db import get_device_infos
p.os_name, p.arch, version, ids = json.loads(sys.argv[1])
p.py_version = tuple(version)
try:
    print(p.get_torch_platform(get_device_infos([tuple(i) for i in ids])))
except (NotImplementedError, KeyError) as error:
    print(f"error {type(error).__name__}")
"""


def ask_torchruntime(python: str, seen: Seen) -> str:
    """The real torchruntime's platform, and the torch that its command line would fetch from there."""
    platform = seen.platform
    if not seen.displays and seen.on_a_bus:
        return ""
    system = {"linux": "Linux", "macos": "Darwin", "windows": "Windows"}[platform.system]
    machine = "amd64" if platform.slug == "windows-x86_64" else platform.machine
    facts = json.dumps([system, machine, numbers_of(platform.python_version), seen.displays])
    output = subprocess.run([python, "-c", TORCHRUNTIME, facts], check=True, capture_output=True, text=True).stdout
    name = output.splitlines()[-1]
    if name.startswith("error"):
        return name
    if name == "directml":
        return "torch-directml"
    if name == "cpu":  # It names no index then: the default one's wheel.
        return _default_index(seen)
    version = newest_on(name, seen)
    return f"{version} {name.replace('.', '-')}" if version else f"error nothing on the index {name}"


def _default_index(seen: Seen) -> str:
    platform = seen.platform
    tag = f"cp{''.join(platform.python_version.split('.')[:2])}"
    floor = numbers_of(platform.libc_version or platform.macos_version)
    for release in load_catalog().releases:
        wheel = release.wheel(platform.slug, tag)
        if wheel is not None and floor >= wheel.floor and platform.libc != "musl":
            return f"{release.version} {release.default_index.get(platform.slug, ('cpu',))[0]}"
    return "error no wheel"


def _run(command: list[str], environ: dict[str, str]) -> str:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_", "LTT_"))}
    done = subprocess.run(command, capture_output=True, text=True, env={**plain, **environ}, timeout=120, check=False)
    return _answer(done.stdout) if done.returncode == 0 else "error no wheel" + _debug(done.stderr)


def _debug(text: str) -> str:
    if os.environ.get("DEBUG"):
        print(text, file=sys.stderr)
    return ""


def _answer(text: str) -> str:
    match = re.search(r"torch==([0-9.]+)(?:\+([a-z0-9.]+))?", text)
    if match is None:
        return "error " + " ".join(text.split())[:80]
    return f"{match[1]} {(match[2] or 'cpu').replace('.', '-')}"


def main() -> None:
    """Asks everybody about every host and writes ``peers.toml``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uv", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("hosts", nargs="*", help="names of hosts (default: all)")
    options = parser.parse_args()
    listed = "import importlib.metadata as m; print(m.version('light-the-torch'), m.version('torchruntime'))"
    versions = subprocess.run([options.python, "-c", listed], check=True, capture_output=True, text=True).stdout.split()
    uv_version = subprocess.run([options.uv, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        proxy = serve(folder)
        for directory in sorted(HOSTS.iterdir()):
            if options.hosts and directory.name not in options.hosts:
                continue
            seen = see(directory)
            row = {
                "uv": ask_uv(options.uv, seen, proxy, folder),
                "light-the-torch": ask_light_the_torch(options.python, seen, proxy, folder),
                "torchruntime": ask_torchruntime(options.python, seen),
            }
            found[directory.name] = {tool: answer for tool, answer in row.items() if answer}
            print(directory.name, row)
    if not options.hosts:
        tools = {"uv": uv_version, "light-the-torch": versions[0], "torchruntime": versions[1]}
        document = {"catalog": load_catalog().serial, "tools": tools, "hosts": found}
        head = "# Written by docs/measure_peers.py: what each tool answers, as `version backend`.\n"
        (DOCS / "peers.toml").write_text(head + tomli_w.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main()
