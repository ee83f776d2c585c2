"""Frameworks made on the spot: modules that multiply lists and answer what the proof asks of the real ones."""

from __future__ import annotations

TORCH = """
__version__ = "{version}"


class tensor:
    def __init__(self, rows, device="cpu"):
        self.rows = rows

    def __matmul__(self, other):
        columns = list(zip(*other.rows))
        return tensor([[sum(a * b for a, b in zip(row, column)) for column in columns] for row in self.rows])

    def __add__(self, number):
        return tensor([[value + number for value in row] for row in self.rows])

    def tolist(self):
        return self.rows


def relu(x):
    return tensor([[max(value, 0.0) for value in row] for row in x.rows])


class version:
    cuda, hip = {cuda!r}, None


class cuda:
    @staticmethod
    def device_count():
        return 0

    @staticmethod
    def get_arch_list():
        return []


class _C:
    @staticmethod
    def _cuda_getArchFlags():
        return "sm_80 sm_90 sm_120"
"""

TENSORFLOW = """
from contextlib import contextmanager

__version__ = "{version}"


class _Tensor:
    def __init__(self, rows):
        self.rows = rows

    def __add__(self, number):
        return _Tensor([[value + number for value in row] for row in self.rows])

    def numpy(self):
        return self

    def tolist(self):
        return self.rows


constant = _Tensor


def matmul(left, right):
    columns = list(zip(*right.rows))
    return _Tensor([[sum(a * b for a, b in zip(row, column)) for column in columns] for row in left.rows])


class nn:
    @staticmethod
    def relu(x):
        return _Tensor([[max(value, 0.0) for value in row] for row in x.rows])


class sysconfig:
    @staticmethod
    def get_build_info():
        return {{"is_cuda_build": {cuda!r}}}


class config:
    @staticmethod
    def list_physical_devices(kind):
        return ["cpu"] if kind == "CPU" else []

    @staticmethod
    def set_soft_device_placement(value):
        pass


@contextmanager
def device(name):
    yield
"""


def torch_module(version: str, *, cuda: str | None) -> dict[str, str]:
    """The files of a torch built for a CUDA version, or for none."""
    return {"torch/__init__.py": TORCH.format(version=version, cuda=cuda)}


def tensorflow_module(version: str, *, cuda: bool) -> dict[str, str]:
    """The files of a tensorflow with or without CUDA."""
    return {"tensorflow/__init__.py": TENSORFLOW.format(version=version, cuda=cuda)}
