import json
import subprocess
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from scripts import licences
from tests.packaging.compose_file import ROOT


@pytest.mark.slow
def test_the_sbom_names_what_is_installed_with_plangate_and_nothing_of_development(tmp_path: Path) -> None:
    file = tmp_path / "plangate.cdx.json"
    subprocess.run([ROOT / "scripts/sbom.sh", file], check=True, timeout=300)
    bom = json.loads(file.read_text())
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "plangate"
    found = {canonicalize_name(each["name"]): each["version"] for each in bom["components"]}
    assert found == {name: licences.pins()[name] for name in licences.runtime()}
    unknown = {each["name"] for each in bom["components"] if not each.get("licenses")}
    assert unknown <= set(licences.LOOKED_UP)
