"""Questions as vectors: ``python -m assistant_embedder``."""

import torch

from assistant_models import Question, Vector


def embed(question: Question, *, size: int = 8) -> Vector:
    """A vector of *size* numbers in [0, 1), the same for the same text, computed on the best device there is."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    codes = torch.tensor(
        [ord(letter) for letter in question.text] or [0], dtype=torch.float32, device=device
    )
    steps = torch.arange(1, size + 1, dtype=torch.float32, device=device)
    values = (codes[None, :] * steps[:, None]).sum(dim=1).remainder(997) / 997
    return Vector(values=values.tolist(), device=device)
