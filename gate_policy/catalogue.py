"""The catalogue: what each action type means, compiled once and never changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from gate_events.canonical import canonical
from gate_policy.actions import Action
from gate_policy.compile import Compiler
from gate_policy.entries import CatalogueEntry, normal
from gate_policy.errors import CatalogueError
from gate_policy.limits import Limits
from gate_policy.requirements import Body
from gate_policy.rules import Rule
from gate_policy.validate import checked
from gate_policy.yaml_text import Document, parse

Mode = Literal["tiered", "earned"]


@dataclass(frozen=True, slots=True)
class Checks:
    """Settings of the plan checks; `max_steps` by action type, "*" for every other."""

    duplicates: bool
    max_steps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for an unknown action type; times in seconds."""

    body: Body
    deadline_s: int
    use_by_s: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A valid catalogue. `digest` is SHA-256 over RFC 8785 of what it says, 64 hex digits.

    `text` is the YAML that it was loaded from: two texts that say the same have one digest.
    """

    digest: str
    mode: Mode
    actions: Mapping[str, Action]
    rules: tuple[Rule, ...]
    checks: Checks
    defaults: Defaults
    limits: Limits
    by_action: Mapping[str, tuple[Rule, ...]]
    for_all: tuple[Rule, ...]
    text: str = field(repr=False, compare=False)

    def rules_of(self, action_type: str) -> tuple[Rule, ...]:
        """The rules that can apply to an action type, in the order of the file."""
        return self.by_action.get(action_type, self.for_all)


def load_catalogue(text: str, name: str = "catalogue.yaml") -> Catalogue:
    """A catalogue from YAML text; `name` stands in front of every problem. Raises CatalogueError."""
    document = parse(text, name)
    return compiled(checked(document), document)


def compiled(entry: CatalogueEntry, document: Document) -> Catalogue:
    """A catalogue from a checked entry. Raises CatalogueError with every problem noted."""
    compiler = Compiler(entry, document)
    actions, rules, limits = compiler.actions(), compiler.rules(), compiler.limits()
    if document.problems:
        raise CatalogueError(document.problems)
    people = compiler.people(entry.defaults.reviewers)
    return Catalogue(
        digest=hashlib.sha256(canonical(normal(entry))).hexdigest(),
        mode=entry.mode,
        actions=MappingProxyType(actions),
        rules=rules,
        checks=Checks(entry.checks.duplicates, MappingProxyType(entry.checks.max_steps)),
        defaults=Defaults(
            Body(people, entry.defaults.quorum), entry.defaults.deadline, entry.defaults.use_by
        ),
        limits=limits,
        by_action=MappingProxyType({action: _for(action, rules) for action in actions}),
        for_all=tuple(rule for rule in rules if rule.actions is None),
        text=document.text,
    )


def _for(action: str, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.actions is None or action in rule.actions)
