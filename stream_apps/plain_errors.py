"""Errors that would be lost, or end more than their own work, as errors that reach whoever waits."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OddError(RuntimeError):
    """{kind} was raised where only an Exception can be told on: {cause}."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")


def plainly(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, for another thread: a Future takes no StopIteration, and whoever awaits it would wait for ever.

    What is no Exception (a panic of a library in Rust) would end the process instead of one record.
    Both become OddError.
    """

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except StopIteration as error:
            raise OddError(error) from error
        except Exception:
            raise
        except BaseException as error:
            raise OddError(error) from error

    return wrapped


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work` in another thread, and whatever it raises."""
    return await asyncio.to_thread(plainly(work), *args, **kwargs)
