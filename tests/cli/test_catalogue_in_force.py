"""The catalogue in force is kept whole, or the one before stays."""

from pathlib import Path

from plangate.settings import load_settings
from plangate.worker.catalogue_in_force import CatalogueInForce

CATALOGUE = "version: 1\nactions:\n  send: {tier: IRREVERSIBLE}\n"


def test_a_catalogue_that_cannot_be_kept_leaves_the_one_before_in_force(tmp_path: Path) -> None:
    file, copy = tmp_path / "catalogue.yaml", tmp_path / "copy.yaml"
    file.write_text(CATALOGUE)
    in_force = CatalogueInForce(load_settings(catalogue=file), copy)
    (tmp_path / ".copy.yaml.partial").mkdir()  # as little to write to as a full disk
    file.write_text(CATALOGUE.replace("IRREVERSIBLE", "REVERSIBLE"))
    assert not in_force.reload()
    assert copy.read_text() == CATALOGUE
    (tmp_path / ".copy.yaml.partial").rmdir()
    assert in_force.reload()
    assert "tier: REVERSIBLE" in copy.read_text()
