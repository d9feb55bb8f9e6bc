"""Real mail on a real SMTP port of this machine: a sink that keeps what arrives, and the sending effect."""

import os
import smtplib
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from plangate import Step, effect, effects
from plangate.dev.ports import LOOPBACK, free_port

PORT = "PLANGATE_DEMO_SMTP_PORT"
KEY = "X-Plangate-Effect"


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps every message: the judge of what was really sent."""

    messages: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one message."""
        self.messages.append(message_from_bytes(envelope.content))
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


def sink() -> tuple[Controller, Mailbox]:
    """An SMTP server on a free loopback port; start() and stop() are the caller's."""
    mailbox = Mailbox()
    return Controller(mailbox, hostname=LOOPBACK, port=free_port()), mailbox


@effect("send_overdue_notice")
def send_notice(step: Step) -> str:
    """Send one "your invoice is overdue"; the effect's key goes along as a header."""
    wanted = step.arguments
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "billing@example.com",
        wanted["to"],
        wanted["subject"],
    )
    message[KEY] = effects().key(step)
    message.set_content(wanted["body"])
    with smtplib.SMTP(LOOPBACK, int(os.environ[PORT]), timeout=10) as server:
        server.send_message(message)
    return f"sent to {wanted['to']}"
