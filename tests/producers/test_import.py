import subprocess
import sys
from pathlib import Path

import plangate

HEAVY = ("faust", "sqlalchemy", "confluent_kafka", "langgraph", "msgspec")


def _python(code: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60, cwd=folder
    )


def test_importing_plangate_loads_nothing_heavy() -> None:
    code = f"import sys, plangate; print([m for m in {HEAVY} if m in sys.modules])"
    assert _python(code).stdout.strip() == "[]"


def test_stopping_at_a_gate_needs_neither_kafka_nor_sql() -> None:
    code = (
        "import sys; from plangate import Plan, Step, gate, effects;"
        "print([m for m in ('faust', 'sqlalchemy', 'confluent_kafka') if m in sys.modules])"
    )
    assert _python(code).stdout.strip() == "[]"


def test_an_agent_loads_no_faust() -> None:
    code = "import sys; from plangate import submit, verdicts; print('faust' in sys.modules)"
    assert _python(code).stdout.strip() == "False"


def test_every_name_is_there() -> None:
    assert all(getattr(plangate, name) is not None for name in plangate.__all__)
    assert sorted(plangate.__all__) == dir(plangate)


def test_a_project_with_a_producers_folder_gets_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "producers").mkdir()
    (tmp_path / "producers" / "__init__.py").touch()
    root = Path(plangate.__file__).parents[1]
    code = f"import sys; sys.path.append({str(root)!r}); from plangate import gate"
    error = _python(code, tmp_path).stderr.strip().splitlines()[-1]
    assert error == (
        f"ImportError: {tmp_path / 'producers'} hides Plangate's package 'producers': rename that folder"
    )
