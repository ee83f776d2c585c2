"""What a framework does when asked to compute: run as ``python -I _program.py FRAMEWORK MODULE ENVIRONMENT``.

Stands alone, because it runs in the environment under test.  Prints one JSON object::

    {"version": ..., "architectures": [...], "built": true, "devices": [
        {"device": "cuda:0", "name": ..., "architecture": "sm_90", "covered": true, "error": ""}]}

or ``{"error": ...}``.  ``built`` says whether the build holds code for the environment at all; ``covered`` whether its
architectures include the device's (``null`` when that is unknown).
"""

import importlib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

Place = tuple[str, str, str, "bool | None"]
"""Device, its name, its architecture, whether the build covers it."""

SIZE = 32
# Small whole numbers: every format down to TF32 holds the products exactly, so equality is a fair question.
LEFT = [[float((7 * row + 5 * column + row * column) % 13) for column in range(SIZE)] for row in range(SIZE)]
RIGHT = [[float((3 * row + 11 * column + row * column) % 17 - 8) for column in range(SIZE)] for row in range(SIZE)]


def expected() -> list[list[float]]:
    """max(LEFT x RIGHT, 0) + 1: a library's matrix product, then two kernels that the framework itself compiled."""
    columns = list(zip(*RIGHT))  # noqa: B905
    return [[max(sum(a * b for a, b in zip(row, column)), 0.0) + 1.0 for column in columns] for row in LEFT]  # noqa: B905


def prove_torch(torch: Any, environment: str) -> dict[str, Any]:
    """Every device of *environment* that torch sees."""
    architectures: list[str] = []
    built, places = True, [place("cpu")]
    if environment in ("cuda", "rocm"):
        architectures = arch_list(torch)
        built = bool(torch.version.cuda if environment == "cuda" else torch.version.hip)
        places = []
        for number in range(torch.cuda.device_count() if built else 0):
            found = torch.cuda.get_device_properties(number)
            architecture = getattr(found, "gcnArchName", "").partition(":")[0]
            if environment == "cuda":
                architecture = "sm_{}{}".format(*torch.cuda.get_device_capability(number))
            places.append(place(f"cuda:{number}", found.name, architecture, architectures))
    elif environment == "xpu":
        built = hasattr(torch, "xpu") and bool(torch.xpu._is_compiled())
        count = torch.xpu.device_count() if built else 0
        places = [place(f"xpu:{n}", torch.xpu.get_device_name(n)) for n in range(count)]
    elif environment == "mps":
        built = torch.backends.mps.is_built()
        places = [place("mps", "Apple GPU")] if torch.backends.mps.is_available() else []

    def compute(device: str) -> Any:
        product = torch.tensor(LEFT, device=device) @ torch.tensor(RIGHT, device=device)
        return (torch.relu(product) + 1).tolist()

    return report(torch, architectures, built, places, compute)


def place(device: str, name: str = "", architecture: str = "", architectures: Sequence[str] = ()) -> Place:
    """Where to compute."""
    return device, name, architecture, covers(architectures, architecture)


def arch_list(torch: Any) -> list[str]:
    """What the build was compiled for; torch itself answers nothing where there is no device."""
    found = torch.cuda.get_arch_list()
    if not found:
        flags = getattr(getattr(torch, "_C", None), "_cuda_getArchFlags", None)
        found = ((flags() or "") if flags else "").split()
    return list(found)


def prove_tensorflow(tensorflow: Any, environment: str) -> dict[str, Any]:
    """Every GPU that tensorflow sees, or the CPU."""
    build = tensorflow.sysconfig.get_build_info()
    architectures = list(build.get("cuda_compute_capabilities", []))
    kind = "CPU" if environment in ("cpu", "edge") else "GPU"
    built = kind == "CPU" or bool(build.get("is_cuda_build" if environment == "cuda" else "is_rocm_build", True))
    places = []
    for number, device in enumerate(tensorflow.config.list_physical_devices(kind)):
        details = tensorflow.config.experimental.get_device_details(device) if kind == "GPU" else {}
        capability = details.get("compute_capability")
        architecture = "sm_{}{}".format(*capability) if capability else ""
        places.append(place(f"{kind}:{number}", details.get("device_name", ""), architecture, architectures))

    def compute(device: str) -> Any:
        # Without this, an operation without a kernel for the GPU would silently run on the CPU.
        tensorflow.config.set_soft_device_placement(False)
        with tensorflow.device(device):
            product = tensorflow.matmul(tensorflow.constant(LEFT), tensorflow.constant(RIGHT))
            return (tensorflow.nn.relu(product) + 1.0).numpy().tolist()

    return report(tensorflow, architectures, built, places[:1] if kind == "CPU" else places, compute)


def prove_jax(jax: Any, environment: str) -> dict[str, Any]:
    """Every device of *environment*'s platform that jax sees."""
    platform = {"cuda": "cuda", "rocm": "rocm", "mps": "METAL", "xpu": "xpu"}.get(environment, "cpu")
    found, built = [], True
    try:
        found = jax.devices(platform)
    except RuntimeError as error:
        # "Unknown backend" = no plugin for it; other words = the plugin found no device.
        built = "unknown backend" not in str(error).lower()
        sys.stderr.write(f"{error}\n")
    places = []
    for device in found[:1] if platform == "cpu" else found:
        capability = getattr(device, "compute_capability", "") if platform == "cuda" else ""
        architecture = "sm_" + str(capability).replace(".", "") if capability else ""
        kind = str(device.device_kind)
        places.append(place(f"{platform}:{device.id}", kind if kind != platform else "", architecture))
    numpy = importlib.import_module("jax.numpy")

    def compute(name: str) -> Any:
        device = found[[place[0] for place in places].index(name)]
        with jax.default_device(device):
            product = numpy.matmul(numpy.array(LEFT), numpy.array(RIGHT), precision="highest")
            return (numpy.maximum(product, 0) + 1).tolist()

    return report(jax, [], built, places, compute)


def prove_onnxruntime(onnxruntime: Any, environment: str) -> dict[str, Any]:
    """The execution provider of *environment*, with a model of three operators made by hand."""
    wanted = {
        "cuda": ["CUDAExecutionProvider"],
        "rocm": ["ROCMExecutionProvider", "MIGraphXExecutionProvider"],
        "mps": ["CoreMLExecutionProvider"],
        "xpu": ["OpenVINOExecutionProvider"],
    }.get(environment, ["CPUExecutionProvider"])
    offered = [name for name in wanted if name in onnxruntime.get_available_providers()]
    numpy = importlib.import_module("numpy")
    model = onnx_model()

    def compute(provider: str) -> Any:
        session = onnxruntime.InferenceSession(model, providers=[provider])
        if provider not in session.get_providers():
            raise NoDevice(f"{provider} could not start")
        inputs = {"a": numpy.array(LEFT, "float32"), "b": numpy.array(RIGHT, "float32")}
        return session.run(None, inputs)[0].tolist()

    return report(onnxruntime, [], bool(offered), [place(name) for name in offered[:1]], compute)


class NoDevice(Exception):
    """A provider is built in and finds nothing to run on."""


def onnx_model() -> bytes:
    """An ONNX model (protobuf, field numbers from onnx.proto3) that computes max(a x b, 0) + 1."""

    def field(number: int, value: "int | str | bytes") -> bytes:
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        data = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(data)) + data

    def varint(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes(out + bytearray([value]))

    def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
        return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator))

    def tensor(number: int, name: str) -> bytes:
        shape = b"".join(field(1, field(1, SIZE)) for _ in range(2))
        return field(number, field(1, name) + field(2, field(1, field(1, 1) + field(2, shape))))

    one = field(5, field(2, 1) + field(8, "one") + field(9, b"\x00\x00\x80\x3f"))
    nodes = node("MatMul", ["a", "b"], "p") + node("Relu", ["p"], "r") + node("Add", ["r", "one"], "c")
    graph = nodes + field(2, "proof") + one + tensor(11, "a") + tensor(11, "b") + tensor(12, "c")
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def prove_import(module: Any, environment: str) -> dict[str, Any]:
    """Nothing but the import: what else the module can do is not known here."""
    return {"version": version_of(module), "architectures": [], "built": True, "devices": [], "import_only": True}


def report(
    module: Any, architectures: list[str], built: bool, places: Sequence[Place], compute: Callable[[str], Any]
) -> dict[str, Any]:
    """The answer, after *compute* ran at every place."""
    devices = []
    for device, name, architecture, covered in places:
        error, missing = "", False
        try:
            if compute(device) != expected():
                error = "the product of two matrices is wrong"
        except NoDevice as problem:
            missing, error = True, str(problem)
        except Exception as problem:
            error = f"{type(problem).__name__}: {first_line(problem)}"
        found = {"device": device, "name": name, "architecture": architecture, "covered": covered, "error": error}
        found["missing"] = missing
        devices.append(found)
    return {
        "version": version_of(module),
        "architectures": architectures,
        "built": built,
        "devices": devices,
    }


def covers(architectures: Sequence[str], architecture: str) -> "bool | None":
    """Whether code for *architectures* runs on *architecture*; ``None`` when unknown.

    NVIDIA: machine code of the same major version and no newer minor one, or PTX (``compute_``) of any older; names
    that end in a letter are for exactly that chip (CUDA programming guide, compute capabilities).  AMD: equal names.
    """
    if not architectures or not architecture:
        return None
    here = re.match(r"sm_(\d+)(\d)$", architecture)
    if not here:
        return architecture in [name.partition(":")[0] for name in architectures]
    major, minor = int(here.group(1)), int(here.group(2))
    for name in architectures:
        found = re.match(r"(sm|compute)_(\d+)(\d)([af]?)$", name)
        if not found:
            continue
        kind, there = found.group(1), (int(found.group(2)), int(found.group(3)))
        if found.group(4):
            if there == (major, minor):
                return True
        elif (kind == "compute" and there <= (major, minor)) or (there[0] == major and there[1] <= minor):
            return True
    return False


def version_of(module: Any) -> str:
    """What *module* says of its version; empty when it says nothing."""
    return str(getattr(module, "__version__", ""))


def first_line(problem: BaseException) -> str:
    """The first line of what *problem* says, 300 characters at most."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0][:300] if lines else "no message"


PROGRAMS = {
    "torch": prove_torch,
    "tensorflow": prove_tensorflow,
    "jax": prove_jax,
    "onnxruntime": prove_onnxruntime,
}


def main(framework: str, module: str, environment: str) -> None:
    """Answer on the real standard output; what frameworks print goes to standard error."""
    answer_to = os.dup(1)
    os.dup2(2, 1)
    try:
        answer = PROGRAMS.get(framework, prove_import)(importlib.import_module(module), environment)
    except BaseException as problem:
        traceback.print_exc()
        answer = {"error": f"{type(problem).__name__}: {first_line(problem)}"}
    with os.fdopen(answer_to, "w") as out:
        out.write(json.dumps(answer))
    sys.stderr.flush()
    # Interpreters with a GPU runtime loaded may crash or hang while they end; the answer is already given.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
