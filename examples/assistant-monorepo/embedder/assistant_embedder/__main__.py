"""Embeds one question and says where."""

from assistant_embedder import embed
from assistant_models import Question

print(embed(Question(text="Which build of torch do I need?")).model_dump_json())
