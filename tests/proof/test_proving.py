import os
import time
import zipfile
from pathlib import Path

import pytest

from accelinstall.environment import create_venv
from accelinstall.events import PhaseAdvanced
from accelinstall.model.installation import Interpreter, Proof
from accelinstall.model.target import Target
from accelinstall.proof import fresh_proof, module_of, prove, write_proof
from accelinstall.proof._program import covers, expected
from accelinstall.proof.proving import has_device
from accelinstall.testing import make_wheel

CPU = Target.parse("cpu-linux-x86_64-cp311")
CUDA = Target.parse("cu130-linux-x86_64-cp311")

# What the program asks of torch, on lists; the settings at the top are the machine it pretends to run on.
TORCH = """
import os
__version__ = "{version}"
DEVICES = {devices!r}  # (name, capability)
ARCHITECTURES = {architectures!r}
BUILT = {built!r}
WRONG = {wrong!r}
{extra}
print("noise that a framework prints", flush=True)

class tensor:
    def __init__(self, rows, device="cpu"):
        self.rows = rows
        if device.startswith("cuda"):
            capability = "sm_%d%d" % DEVICES[int(device[5:])][1]
            if capability not in ARCHITECTURES:
                raise RuntimeError("no kernel image is available for execution on the device\\nCUDA said so")
    def __matmul__(self, other):
        columns = list(zip(*other.rows))
        return tensor([[sum(a * b for a, b in zip(r, c)) + WRONG for c in columns] for r in self.rows])
    def __add__(self, number):
        return tensor([[value + number for value in row] for row in self.rows])
    def tolist(self):
        return self.rows

def relu(x):
    return tensor([[max(value, 0.0) for value in row] for row in x.rows])

class version:
    cuda = "13.0" if BUILT else None
    hip = None

class cuda:
    class Properties:
        def __init__(self, name): self.name = name
    @staticmethod
    def device_count(): return len(DEVICES)
    @staticmethod
    def get_arch_list(): return ARCHITECTURES if DEVICES else []
    @staticmethod
    def get_device_capability(number): return DEVICES[number][1]
    @staticmethod
    def get_device_properties(number): return cuda.Properties(DEVICES[number][0])

class _C:
    @staticmethod
    def _cuda_getArchFlags(): return " ".join(ARCHITECTURES)
"""


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    return create_venv(str(tmp_path / "an env"))


def put(interpreter: Interpreter, name: str, source: str) -> None:
    """Install a module made on the spot."""
    wheel = make_wheel(Path(interpreter.prefix) / "wheels", name, "1.0", files={f"{name}.py": source})
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(interpreter.schemes["purelib"])


def put_torch(interpreter, *, version="2.13.0", devices=(), architectures=(), built=True, wrong=0.0, extra=""):
    source = TORCH.format(
        version=version,
        devices=list(devices),
        architectures=list(architectures),
        built=built,
        wrong=wrong,
        extra=extra,
    )
    put(interpreter, "torch", source)


def prove_one(interpreter, name="torch", target=CPU, **options) -> Proof:
    [proof] = prove(interpreter, [name], target=target, **options)
    return proof


def test_a_framework_that_computes_is_proved(interpreter):
    put_torch(interpreter, version="2.13.0+cpu")
    proof = prove_one(interpreter)
    assert (proof.status, proof.version, proof.device) == ("proved", "2.13.0+cpu", "cpu")
    assert proof.detail == "torch 2.13.0+cpu multiplied two matrices on cpu"
    assert proof.seconds > 0


def test_wrong_numbers_are_a_failure(interpreter):
    put_torch(interpreter, wrong=1.0)
    proof = prove_one(interpreter)
    assert proof.status == "failed"
    assert "the product of two matrices is wrong" in proof.detail


def test_every_gpu_computes_and_is_named(interpreter):
    put_torch(interpreter, devices=[("NVIDIA H200", (9, 0)), ("NVIDIA L4", (8, 9))], architectures=["sm_90", "sm_89"])
    proof = prove_one(interpreter, target=CUDA)
    assert (proof.status, proof.device) == ("proved", "cuda:0 NVIDIA H200, cuda:1 NVIDIA L4")
    assert proof.architectures == ("sm_90", "sm_89")


def test_a_gpu_the_build_has_no_code_for_fails_with_both_architectures(interpreter):
    devices = [("NVIDIA H200", (9, 0)), ("NVIDIA GeForce GTX 1080", (6, 1))]
    put_torch(interpreter, devices=devices, architectures=["sm_75", "sm_90"])
    proof = prove_one(interpreter, target=CUDA)
    assert proof.status == "failed"
    assert "cuda:1 NVIDIA GeForce GTX 1080: RuntimeError: no kernel image" in proof.detail
    assert "the build holds code for sm_75 sm_90, the device is sm_61" in proof.detail


def test_without_a_device_the_proof_is_inconclusive_and_tells_the_builds_architectures(interpreter):
    put_torch(interpreter, architectures=["sm_75", "sm_90"])
    proof = prove_one(interpreter, target=CUDA, device_expected=False)
    assert (proof.status, proof.device) == ("inconclusive", "")
    assert proof.architectures == ("sm_75", "sm_90")
    assert "no CUDA device" in proof.detail


def test_a_device_that_the_framework_does_not_find_is_a_failure(interpreter):
    extra = "import sys; print('UserWarning: the NVIDIA driver is too old', file=sys.stderr)"
    put_torch(interpreter, architectures=["sm_90"], extra=extra)
    proof = prove_one(interpreter, target=CUDA, device_expected=True)
    assert proof.status == "failed"
    assert "the NVIDIA driver is too old" in proof.detail


def test_a_build_without_gpu_code_is_a_failure_for_a_gpu_target(interpreter):
    put_torch(interpreter, version="2.13.0+cpu", built=False)
    proof = prove_one(interpreter, target=CUDA, device_expected=False)
    assert (proof.status, proof.detail) == ("failed", "the installed build torch 2.13.0+cpu holds no code for CUDA")


def test_a_framework_chosen_for_another_backend_is_proved_there(interpreter):
    put_torch(interpreter, built=False)
    target = Target.parse("cu130-linux-x86_64-cp311;backends=torch:cpu")
    assert prove_one(interpreter, target=target).status == "proved"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("raise ImportError('libcudnn.so.9: cannot open shared object file')", "libcudnn.so.9"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("import os; os._exit(7)", "status 7"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_an_import_that_fails_fails_the_proof_and_says_how(interpreter, extra, told):
    put_torch(interpreter, extra=extra)
    proof = prove_one(interpreter)
    assert (proof.status, proof.version) == ("failed", "")
    assert told in proof.detail


def test_a_crash_tells_the_last_lines_of_standard_error(interpreter):
    extra = "import os, sys; print('first\\nOUT OF MAGIC', file=sys.stderr, flush=True); os.abort()"
    put_torch(interpreter, extra=extra)
    detail = prove_one(interpreter).detail
    assert "SIGABRT" in detail
    assert "|" in detail


def test_a_framework_that_hangs_is_stopped_with_its_children(interpreter, tmp_path):
    extra = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    put_torch(interpreter, extra=extra)
    began = time.monotonic()
    proof = prove_one(interpreter, timeout=1.5)
    assert time.monotonic() - began < 20
    assert proof.status == "failed"
    assert "did not finish within 1.5 s" in proof.detail
    child = int((tmp_path / "child").read_text())
    assert wait_until(lambda: not is_running(child))


def wait_until(claim, seconds=5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim() and time.monotonic() < deadline:
        time.sleep(0.02)
    return claim()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_other_frameworks_are_only_imported(interpreter):
    put(interpreter, "ai_edge_litert", "__version__ = '2.0'")
    proof = prove_one(interpreter, "ai-edge-litert", CUDA)
    assert (proof.status, proof.detail) == ("proved", "ai-edge-litert 2.0 imports")


def test_proofs_come_in_the_order_asked_and_each_is_counted(interpreter):
    for name in ("one", "two", "three"):
        put(interpreter, name, f"import time; time.sleep({0.3 if name == 'one' else 0})")
    seen = []
    proofs = prove(interpreter, ["one", "two", "three", "four"], target=CPU, progress=seen.append)
    assert [proof.framework for proof in proofs] == ["one", "two", "three", "four"]
    assert [proof.status for proof in proofs] == ["proved", "proved", "proved", "failed"]
    assert sum(isinstance(event, PhaseAdvanced) for event in seen) == 4


def test_children_see_memory_preallocation_off_and_nothing_of_the_users_python_path(interpreter, tmp_path):
    (tmp_path / "torch.py").write_text("raise RuntimeError('the wrong torch')")
    extra = "assert os.environ['XLA_PYTHON_CLIENT_PREALLOCATE'] == 'false'\n"
    extra += "assert os.environ['TF_FORCE_GPU_ALLOW_GROWTH'] == 'true'"
    put_torch(interpreter, extra=extra)
    proof = prove_one(interpreter, environ=dict(os.environ) | {"PYTHONPATH": str(tmp_path)})
    assert proof.status == "proved", proof.detail


def test_an_interpreter_that_is_gone_fails_the_proof(interpreter):
    os.unlink(interpreter.executable)
    proof = prove_one(interpreter)
    assert proof.status == "failed"
    assert "No such file" in proof.detail


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("torch", ("torch", "torch")),
        ("tensorflow-cpu", ("tensorflow", "tensorflow")),
        ("onnxruntime-gpu", ("onnxruntime", "onnxruntime")),
        ("ai-edge-litert", ("import", "ai_edge_litert")),
        ("torchvision", ("import", "torchvision")),
    ],
)
def test_distributions_are_known_by_their_program_and_module(name, found):
    assert module_of(name) == found


@pytest.mark.parametrize(
    ("architectures", "device", "answer"),
    [
        (["sm_90"], "sm_90", True),
        (["sm_86"], "sm_89", True),
        (["sm_89"], "sm_86", False),
        (["sm_80"], "sm_90", False),
        (["compute_80"], "sm_90", True),
        (["sm_90a"], "sm_90", True),
        (["sm_90a"], "sm_100", False),
        (["sm_100"], "sm_103", True),
        (["sm_75", "sm_90"], "sm_61", False),
        (["gfx942"], "gfx942", True),
        (["gfx942:sramecc+"], "gfx942", True),
        (["gfx90a"], "gfx942", False),
        ([], "sm_90", None),
        (["sm_90"], "", None),
    ],
)
def test_code_covers_a_device_by_cudas_rules(architectures, device, answer):
    assert covers(architectures, device) is answer


def test_devices_the_user_has_hidden_are_not_expected():
    assert not has_device("cuda", {"CUDA_VISIBLE_DEVICES": ""})
    assert not has_device("rocm", {"HIP_VISIBLE_DEVICES": "-1"})
    assert not has_device("cpu", {})


PROOF = Proof(framework="torch", version="2.13", status="proved", device="cpu", architectures=("sm_90",), seconds=1.5)
KEY = {"lock_hash": "abc", "target": str(CPU), "hardware": "none"}


def test_a_proof_is_fresh_for_the_same_lock_target_and_hardware_only(interpreter):
    assert fresh_proof(interpreter, **KEY) is None
    write_proof(interpreter, [PROOF], **KEY)
    assert fresh_proof(interpreter, **KEY) == (PROOF,)
    for key in KEY:
        assert fresh_proof(interpreter, **{**KEY, key: "other"}) is None


def test_several_kinds_of_nodes_keep_their_proofs_in_one_environment(interpreter):
    for number in range(10):
        write_proof(interpreter, [PROOF], **{**KEY, "hardware": str(number)})
    assert fresh_proof(interpreter, **{**KEY, "hardware": "9"}) == (PROOF,)
    assert fresh_proof(interpreter, **{**KEY, "hardware": "2"}) == (PROOF,)
    assert fresh_proof(interpreter, **{**KEY, "hardware": "1"}) is None


def test_a_failed_proof_is_never_fresh(interpreter):
    failed = Proof(framework="jax", version="", status="failed", detail="no")
    write_proof(interpreter, [PROOF, failed], **KEY)
    assert fresh_proof(interpreter, **KEY) is None


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "entries": [{"key": ["abc"]}, 3]}'])
def test_a_damaged_memory_means_proving_again(interpreter, text):
    write_proof(interpreter, [PROOF], **KEY)
    path = Path(interpreter.schemes["purelib"], ".accelinstall", "proof.json")
    path.write_text(text)
    assert fresh_proof(interpreter, **KEY) is None
    write_proof(interpreter, [PROOF], **KEY)
    assert fresh_proof(interpreter, **KEY) == (PROOF,)


def test_the_product_asked_for_has_many_values_and_both_signs():
    values = [value for row in expected() for value in row]
    assert len(set(values)) > 50
    assert 0.2 < sum(value == 1.0 for value in values) / len(values) < 0.8
