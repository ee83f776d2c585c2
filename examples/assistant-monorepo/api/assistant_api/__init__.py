"""The HTTP face of the assistant: ``uvicorn assistant_api:app``."""

from fastapi import FastAPI

from assistant_models import Question, __version__

app = FastAPI(title="assistant", version=__version__)


@app.post("/ask")
def ask(question: Question) -> dict[str, int]:
    """How long the question is; a real service would put it into the queue."""
    return {"characters": len(question.text)}
