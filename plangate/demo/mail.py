"""Real mail on a real SMTP port of this machine: a sink that keeps what arrives, and the sending effect."""

import os
import re
import smtplib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from plangate import Step, effect, effects
from plangate.dev.ports import LOOPBACK, free_port

PORT = "PLANGATE_DEMO_SMTP_PORT"
KEY = "X-Plangate-Effect"


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps every message, also as a file: the judge of what was really sent."""

    folder: Path
    messages: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._kept = len(files(self.folder))  # of earlier demos on this folder

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one message."""
        message = message_from_bytes(envelope.content)
        self._kept += 1
        name = re.sub(r"[^\w.-]", "_", str(message["To"]).partition("@")[0], flags=re.ASCII)
        (self.folder / f"{self._kept:03d}-{name}.eml").write_bytes(envelope.content)
        self.messages.append(message)
        return "250 OK"

    @property
    def duplicates(self) -> int:
        """Messages beyond the first with the same receiver and subject."""
        seen = Counter((message["To"], message["Subject"]) for message in self.messages)
        return sum(count - 1 for count in seen.values())

    @property
    def keys(self) -> list[str]:
        """The effect key of each message."""
        return [message[KEY] for message in self.messages]


def files(folder: Path) -> list[Path]:
    """The mails that arrived, in the order in which they did."""
    return sorted(folder.glob("*.eml"))


def sink(folder: Path) -> tuple[Controller, Mailbox]:
    """An SMTP server on a free loopback port, keeping its mail in `folder`; start() and stop() are yours."""
    mailbox = Mailbox(folder)
    return Controller(mailbox, hostname=LOOPBACK, port=free_port()), mailbox


def message_of(arguments: Mapping[str, Any], key: str) -> EmailMessage:
    """The mail that a step with these arguments sends; the effect's key goes along as a header."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "billing@example.com",
        arguments["to"],
        arguments["subject"],
    )
    message[KEY] = key
    message.set_content(arguments["body"])
    return message


@effect("send_overdue_notice")
def send_notice(step: Step) -> str:
    """Send one "your invoice is overdue"."""
    message = message_of(step.arguments, effects().key(step))
    with smtplib.SMTP(LOOPBACK, int(os.environ[PORT]), timeout=10) as server:
        server.send_message(message)
    return f"sent to {step.arguments['to']}"
