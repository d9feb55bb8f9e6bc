"""The Java that runs Kafka and the schema registry."""

import os
import re
import shutil
import subprocess

from plangate.dev.errors import DevServiceError

_OLDEST = 17


def find_java(service: str) -> str:
    """The path of a Java of version 17 or later, from JAVA_HOME or the PATH. Raises DevServiceError."""
    mend = f"install Java {_OLDEST} or later (Debian: apt install default-jre-headless)"
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        raise DevServiceError(service, f"java is not {f'in {home}/bin' if home else 'on the PATH'}", mend)
    version = _major_version(java)
    if version < _OLDEST:
        raise DevServiceError(service, f"{java} is Java {version}", mend)
    return java


def _major_version(java: str) -> int:
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - found above
    match = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(match[1]) if match else 0
