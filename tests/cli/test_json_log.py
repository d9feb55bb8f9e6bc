"""A worker's log as JSON: an object a line, ids as fields, and no line that others forge."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

import pytest

from plangate.settings import SettingsError, load_settings
from plangate.worker.logs import CHATTY, OneObject, configure
from stream_apps.resumer.failures import log_failure
from tests.apps.test_log_lines import FORGED


def _told(message: str, error: Exception | None = None, **ids: Any) -> dict[str, Any]:
    told = None
    if error is not None:
        try:
            raise error
        except Exception:
            told = sys.exc_info()
    record = logging.LogRecord("plangate.gatekeeper", logging.WARNING, __file__, 1, "%s", (message,), told)
    vars(record).update(ids)
    line = OneObject().format(record)
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_line_has_time_level_logger_message_and_the_ids_that_the_call_gave() -> None:
    told = _told("said", topic="plans", partition=3, offset=7, thread_id="t-1", plan_id=None)
    assert datetime.fromisoformat(told.pop("time")).utcoffset() is not None
    assert told == {
        "level": "WARNING",
        "logger": "plangate.gatekeeper",
        "message": "said",
        "topic": "plans",
        "partition": 3,
        "offset": 7,
        "thread_id": "t-1",
    }


def test_text_of_others_is_spelled_out_in_message_and_ids() -> None:
    told = _told(FORGED, thread_id=FORGED)
    assert told["message"] == told["thread_id"]
    assert told["message"].startswith(r"x\n2026-01-01")
    assert told["message"].isprintable()


def test_a_traceback_is_one_field() -> None:
    told = _told("met a fault", ValueError(FORGED))
    first, *_, last = told["traceback"].split("\n")
    assert first.startswith("Traceback")
    assert "all is lost" in last
    assert all(line.isprintable() for line in told["traceback"].split("\n"))


def test_a_traceback_of_a_graph_is_there_too_without_its_secrets(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("plangate.test")
    try:
        raise ValueError("no card 4711")
    except ValueError as error:
        log_failure(logger, "run t-1: it failed", error, ["4711"], {"thread_id": "t-1"})
    told = json.loads(OneObject().format(caplog.records[-1]))
    assert (told["message"], told["thread_id"]) == ("run t-1: it failed", "t-1")
    first, *_, last = told["traceback"].split("\n")
    assert first.startswith("Traceback")
    assert last.startswith("ValueError: no card ")
    assert "4711" not in told["traceback"]


@pytest.fixture
def bare_log(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """A root logger without handlers; those of libraries get their levels back."""
    root = logging.RootLogger(logging.WARNING)
    monkeypatch.setattr(logging, "root", root)
    for name in CHATTY:
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logger.level)
    return root


@pytest.mark.parametrize(("log_format", "is_json"), [("text", False), ("json", True)])
def test_the_settings_choose_format_and_level(
    monkeypatch: pytest.MonkeyPatch, bare_log: logging.Logger, log_format: str, is_json: bool
) -> None:
    monkeypatch.setenv("PLANGATE_LOG_FORMAT", log_format)
    monkeypatch.setenv("PLANGATE_LOG_LEVEL", "ERROR")
    settings = load_settings()
    bare_log.handlers.clear()  # pytest's own
    configure(settings.log_format, settings.log_level)
    (handler,) = bare_log.handlers
    assert isinstance(handler.formatter, OneObject) is is_json
    assert bare_log.level == logging.ERROR
    assert {logging.getLogger(name).level for name in CHATTY} == {logging.ERROR}


def test_another_format_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match=r"log_format: 'xml'.*'text' or 'json'.*PLANGATE_LOG_FORMAT"):
        load_settings()
