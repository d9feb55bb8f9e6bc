import re

from scripts import licences


def test_every_package_of_the_lock_has_a_licence_that_we_may_pass_on() -> None:
    allowed = licences.PERMISSIVE | licences.WITH_NOTICE
    said = {name: licences.licence_of(name) for name in licences.pins() if licences.is_installed(name)}
    assert len(said) > 100
    assert {name: said[name] for name in said if not licences.licences_in(said[name]) <= allowed} == {}


def test_a_licence_that_is_not_allowed_would_be_seen() -> None:
    found = licences.licences_in("MPL-2.0 AND (GPL-3.0-or-later OR MIT)")
    assert found - licences.PERMISSIVE - licences.WITH_NOTICE == {"GPL-3.0-or-later"}


def test_the_notices_name_every_package_that_is_installed_with_plangate() -> None:
    """`make notices` writes them anew."""
    told, _, owed = licences.NOTICES.read_text().partition("Parts under the LGPL and the MPL")
    for line in licences.lines().values():
        assert line in told.splitlines()
        assert (line in owed.splitlines()) is bool(re.search("LGPL|MPL", line))
    versions = dict(re.findall(r"^([\w.-]+) (\S+): ", told, re.MULTILINE))
    assert versions == {name: licences.pins()[name] for name in versions}


def test_the_texts_that_the_notices_name_are_there() -> None:
    named = set(re.findall(r"licences/\S+\.txt", licences.NOTICES.read_text()))
    assert {licences.ROOT / each for each in named} == set((licences.ROOT / "licences").iterdir())
