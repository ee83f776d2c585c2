"""The service: ``uvicorn chatbot.app:app``."""

from fastapi import FastAPI
from pydantic import BaseModel

from chatbot.compute import tensorflow_device, torch_device

app = FastAPI(title="chatbot")


class Question(BaseModel):
    """What somebody asks."""

    text: str


@app.get("/health")
def health() -> dict[str, str | None]:
    """What each framework computes on."""
    return {"status": "ok", "torch": torch_device(), "tensorflow": tensorflow_device()}


@app.post("/chat")
def chat(question: Question) -> dict[str, str]:
    """An answer; a real project would run its model here."""
    return {"answer": f"You asked: {question.text}", "device": torch_device() or "none"}
