"""A checked entry to compiled actions and rules; what does not compile is noted as a problem."""

from collections.abc import Sequence
from typing import Any

from gate_events.names import name_key, unprintable
from gate_policy.actions import Action, Effect, Undo
from gate_policy.conditions import Condition
from gate_policy.entries import ActionEntry, CatalogueEntry, RuleEntry
from gate_policy.errors import ConditionFaultError, TemplateFaultError
from gate_policy.limits import Limits
from gate_policy.requirements import Body
from gate_policy.rules import Rule
from gate_policy.spelling import key_template
from gate_policy.templates import GIVEN, Expression, Template
from gate_policy.yaml_text import Document, Path

_UNAMBIGUOUS = {
    "args": "rename the argument, or name the arguments one by one instead of {{ args }}",
    "n": "write {{ args.n }} for the argument, and leave the number of steps out",
}


class Compiler:
    """Compiles one catalogue; the document gathers the problems."""

    def __init__(self, entry: CatalogueEntry, document: Document) -> None:
        self._entry = entry
        self._document = document

    def actions(self) -> dict[str, Action]:
        """Every action type by name."""
        for role, people in self._entry.roles.items():
            self._readable(("roles", role), people)
        self._body(("defaults",), self._entry.defaults.reviewers, self._entry.defaults.quorum)
        return {name: self._action(name, entry) for name, entry in self._entry.actions.items()}

    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order of the file."""
        self._refuse_repeated_names()
        self._known(("checks", "max_steps"), [name for name in self._entry.checks.max_steps if name != "*"])
        return tuple(self._rule(("rules", at), entry) for at, entry in enumerate(self._entry.rules))

    def limits(self) -> Limits:
        """How many questions are open at once."""
        entry = self._entry.limits
        agent, proposer = entry.open_gates, entry.open_gates_of_proposer
        if agent is not None and proposer is not None and proposer < agent:
            fault = f"is less than open_gates, {agent}, of each of its agents"
            mend = f"use {agent} or more, or leave the field out"
            self._document.problem(("limits", "open_gates_of_proposer"), proposer, fault, mend)
        return Limits(agent, proposer)

    def _action(self, name: str, entry: ActionEntry) -> Action:
        path: Path = ("actions", name)
        defaults = self._entry.defaults
        self._known((*path, "after"), entry.after)
        self._known((*path, "probe"), [entry.probe] if entry.probe else [])
        if name in entry.after:
            self._document.problem((*path, "after"), name, "names the action itself", "name another action")
        return Action(
            name=name,
            tier=entry.tier,
            reason=f"{name} is {entry.tier.value} (tier {entry.tier.number}) in the catalogue",
            says=self._sentence((*path, "says"), entry.says, entry.arguments),
            group=self._sentence((*path, "group"), entry.group, entry.arguments),
            arguments=None if entry.arguments is None else tuple(entry.arguments),
            undo=self._undo(path, entry),
            high_stakes=entry.high_stakes,
            idempotent=entry.idempotent,
            probe=entry.probe,
            effect=self._effect(path, entry),
            secret=frozenset(entry.secret),
            material=tuple(entry.material),
            body=self._body(path, entry.reviewers, entry.quorum),
            names_reviewers=entry.reviewers is not None or entry.quorum is not None,
            deadline_s=entry.deadline or defaults.deadline,
            use_by_s=entry.use_by or defaults.use_by,
            after=tuple(entry.after),
            settle=entry.settle,
        )

    def _rule(self, path: Path, entry: RuleEntry) -> Rule:
        self._known((*path, "actions"), entry.actions or [])
        named = entry.reviewers is not None or entry.quorum is not None
        if not (entry.tier or entry.high_stakes or named or entry.warn):
            mend = "give it a tier, high_stakes, reviewers, quorum or warn"
            self._document.problem(path, entry.name, "asks for nothing", mend)
        return Rule(
            name=entry.name,
            when=self._condition((*path, "when"), entry),
            because=entry.because,
            actions=None if entry.actions is None else frozenset(entry.actions),
            tier=entry.tier,
            high_stakes=entry.high_stakes,
            # a rule that names nobody asks for more agreement of whoever reviews
            body=self._body(path, entry.reviewers or [], entry.quorum) if named else None,
            warn=self._warning((*path, "warn"), entry.warn),
        )

    def _refuse_repeated_names(self) -> None:
        seen: set[str] = set()
        for at, rule in enumerate(self._entry.rules):
            if rule.name in seen:
                mend = "give every rule a name of its own"
                self._document.problem(("rules", at, "name"), rule.name, "stands here twice", mend)
            seen.add(rule.name)

    def _known(self, path: Path, names: Sequence[str]) -> None:
        for name in names:
            if name not in self._entry.actions:
                self._document.problem(path, name, "is no action of this catalogue", "add it under actions")

    def _body(self, path: Path, reviewers: list[str] | None, quorum: int | None) -> Body:
        defaults = self._entry.defaults
        self._readable((*path, "reviewers"), reviewers or [])
        people = self.people(defaults.reviewers if reviewers is None else reviewers)
        count = defaults.quorum if quorum is None else quorum
        distinct = len(set(map(name_key, people)))
        if people and count > distinct:
            mend = f"name at least {count} people or lower the quorum"
            self._document.problem((*path, "quorum"), count, f"is more than {distinct} reviewers", mend)
        return Body(people, count)

    def _readable(self, path: Path, names: Sequence[str]) -> None:
        for name in names:
            if hidden := unprintable(name):
                fault = f"holds the invisible character U+{ord(hidden[0]):04X}"
                self._document.problem(path, name, fault, "write the name without it")

    def people(self, names: Sequence[str]) -> frozenset[str]:
        """The people that roles and names stand for."""
        roles = self._entry.roles
        return frozenset(person for name in names for person in roles.get(name, [name]))

    def _template(self, path: Path, source: str | None) -> Template | None:
        try:
            return None if source is None else Template(source)
        except TemplateFaultError as fault:
            self._document.problem(path, source, fault.fault, fault.mend)
            return None

    def _sentence(self, path: Path, source: str | None, arguments: Sequence[str] | None) -> Template | None:
        template = self._template(path, source)
        for name in sorted(template.ambiguous(arguments or ())) if template else ():
            fault = f"names {name}, which is an argument and {GIVEN[name]}"
            self._document.problem(path, source, fault, _UNAMBIGUOUS[name])
        return template

    def _warning(self, path: Path, source: str | None) -> Template | None:
        template = self._template(path, source)
        if template and (strange := sorted(template.variables - {"n"})):
            mend = "use {{ n }}, the number of steps concerned"
            self._document.problem(path, source, f"names {strange[0]}", mend)
        return template

    def _condition(self, path: Path, entry: RuleEntry) -> Condition:
        try:
            return Condition(entry.when, self._listed(entry.actions))
        except ConditionFaultError as fault:
            self._document.problem(path, entry.when, fault.fault, fault.mend)
            return Condition("true")  # never used: the problem stops the load

    def _listed(self, names: Sequence[str] | None) -> frozenset[str] | None:
        """All the arguments that these actions take; None where one of them does not say."""
        known = self._entry.actions
        entries = [known[name] for name in (known if names is None else names) if name in known]
        lists = [entry.arguments for entry in entries]
        if not lists or None in lists:
            return None
        return frozenset(name for one in lists for name in one or ())

    def _effect(self, path: Path, entry: ActionEntry) -> Effect | None:
        if entry.effect is None:
            return None
        key = self._template((*path, "effect", "key"), entry.effect.key)
        return Effect(key_template(key, entry.effect.spelling), entry.effect.window) if key else None

    def _undo(self, path: Path, entry: ActionEntry) -> Undo | None:
        if entry.undo is None:
            return None
        here: Path = (*path, "undo")
        self._known((*here, "action"), [entry.undo.action])
        arguments = self._expressions((*here, "arguments"), entry.undo.arguments)
        return Undo(entry.undo.action, arguments)

    def _expressions(self, path: Path, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._expressions((*path, name), inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._expressions((*path, at), inner) for at, inner in enumerate(value)]
        if not isinstance(value, str) or "{" not in value:
            return value
        try:
            return Expression(value)
        except TemplateFaultError as fault:
            self._document.problem(path, value, fault.fault, fault.mend)
            return None
