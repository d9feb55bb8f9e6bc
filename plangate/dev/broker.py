"""Which broker of our own."""

from typing import Literal

Broker = Literal["mock", "apache"]
