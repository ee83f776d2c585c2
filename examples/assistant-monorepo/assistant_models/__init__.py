"""What the services say to each other."""

from pydantic import BaseModel

__version__ = "1.4.0"


class Question(BaseModel):
    """Something a user asks."""

    text: str


class Vector(BaseModel):
    """A question as numbers, and the device that computed them."""

    values: list[float]
    device: str
