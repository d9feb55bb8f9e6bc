"""What a user reads of a failure."""

import errno
import os

import pytest

from plangate.cli.failures import line_for


@pytest.mark.parametrize(
    ("number", "mend"),
    [
        (errno.EACCES, "let this user read and write there, or name another"),
        (errno.EROFS, "let this user read and write there, or name another"),
        (errno.ENOENT, "name one that is there"),
        (errno.ENOTDIR, "name another"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_mends_it(number: int, mend: str) -> None:
    error = OSError(number, os.strerror(number), "kept/here")
    assert line_for(error) == f"kept/here: {os.strerror(number).lower()}; {mend}"
