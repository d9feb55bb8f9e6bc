"""What a reviewer's editor opens."""

from pathlib import Path

import msgspec
import pytest

from gate_events.records import ApprovalRequested
from gate_events.shown import MIXED, hidden
from gate_events.values import Step
from gate_policy.catalogue import load_catalogue
from plangate.cli.edited_steps import edited_steps
from plangate.cli.failures import CommandError
from tests.cli.commands import CATALOGUE
from tests.store.examples import asked


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where an editor leaves what it opened, and changes `ana` into `ben`."""
    seen, editor = tmp_path / "seen.yaml", tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {seen}\nsed -i s/ana/ben/ "$1"\ntouch -d +1min "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("EDITOR", str(editor))
    monkeypatch.delenv("VISUAL", raising=False)
    return seen


def about(arguments: dict[str, str]) -> ApprovalRequested:
    step = Step(step_id="s1", action_type="send_email", arguments=arguments)
    return msgspec.structs.replace(asked(), steps=(step,))


def test_comments_say_what_the_file_is_for_and_which_words_mix_scripts(opened: Path) -> None:
    request = about({"to": "ana", "subject": "p\u0430ypal\u202e"})
    [step] = edited_steps(request, load_catalogue(CATALOGUE), None, [])
    assert step["arguments"] == {"to": "ben", "subject": "p\u0430ypal\u202e"}
    text = opened.read_text()
    comments = [line for line in text.splitlines() if line.startswith("# ")]
    assert "run instead of the proposed ones" in comments[0]
    assert comments[-1] == f"# p\u0430ypal{MIXED}"
    assert hidden(text) == {"\n"}


def test_a_file_left_as_it_is_changes_nothing(opened: Path) -> None:
    opened.with_name("editor").write_text("#!/bin/sh\n")
    with pytest.raises(CommandError, match="nothing was changed"):
        edited_steps(about({"to": "ana"}), load_catalogue(CATALOGUE), None, [])
