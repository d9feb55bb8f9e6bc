#!/usr/bin/env bash
# Writes what an installed Plangate consists of on this platform, in CycloneDX: `scripts/sbom.sh FILE`. The packages are those of
# requirements.lock, installed into a folder of their own, without the tools of development.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export UV_PYTHON_DOWNLOADS=never
.venv/bin/uv venv --quiet --python .venv/bin/python "$folder/venv"
.venv/bin/uv pip install --quiet --python "$folder/venv/bin/python" --require-hashes --constraints requirements.lock \
    -r pyproject.toml --group image
.venv/bin/cyclonedx-py environment "$folder/venv/bin/python" --pyproject pyproject.toml --output-reproducible --output-file "$1"
