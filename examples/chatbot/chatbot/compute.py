"""Which device each installed framework computes on, found by computing."""

import importlib.util


def torch_device() -> str | None:
    """The device torch multiplies matrices on, or ``None`` without torch."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    if torch.cuda.is_available():
        device = "cuda"
    elif torch.backends.mps.is_available():
        device = "mps"
    else:
        device = "cpu"
    ones = torch.ones(8, 8, device=device)
    if float((ones @ ones)[0, 0]) != 8.0:
        raise RuntimeError(f"torch computes wrongly on {device}")
    return device


def tensorflow_device() -> str | None:
    """The device tensorflow multiplies matrices on, or ``None`` without tensorflow."""
    if importlib.util.find_spec("tensorflow") is None:
        return None
    import tensorflow

    device = "gpu" if tensorflow.config.list_physical_devices("GPU") else "cpu"
    with tensorflow.device(f"/{device}:0"):
        ones = tensorflow.ones((8, 8))
        if float(tensorflow.matmul(ones, ones)[0, 0]) != 8.0:
            raise RuntimeError(f"tensorflow computes wrongly on {device}")
    return device
