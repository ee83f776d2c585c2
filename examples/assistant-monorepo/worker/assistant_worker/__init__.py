"""Takes questions from a queue and answers with vectors."""

from assistant_models import Question


def read(raw: bytes) -> Question:
    """The question of one message of the queue."""
    return Question.model_validate_json(raw)
