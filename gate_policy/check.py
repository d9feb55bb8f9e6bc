"""What is wrong with a catalogue, what its author should look at again, and what reviewers see in lists."""

from collections.abc import Iterable, Iterator

from gate_events.words import Tier
from gate_policy.actions import Action
from gate_policy.catalogue import Catalogue, compiled
from gate_policy.errors import CatalogueError, Problem, Severity
from gate_policy.rules import Rule
from gate_policy.templates import GIVEN
from gate_policy.validate import checked
from gate_policy.yaml_text import Document, Path, dotted, parse


def check_catalogue(text: str, name: str) -> list[Problem]:
    """Every problem of a catalogue; `name` stands in front of each. Nothing but notes: all is well."""
    try:
        document = parse(text, name)
        catalogue = compiled(checked(document), document)
    except CatalogueError as error:
        return list(error.problems)
    warnings = [_made(document, "warning", *found) for found in _warnings(catalogue)]
    return warnings + [_made(document, "note", *found) for found in _notes(catalogue)]


Warned = tuple[Path, str | None, str, str]  # path, value, fault, mend


def _made(
    document: Document, severity: Severity, path: Path, value: str | None, fault: str, mend: str
) -> Problem:
    quoted = None if value is None else repr(value)
    return Problem(document.file, document.line(path), dotted(path), quoted, fault, mend, severity)


def _warnings(catalogue: Catalogue) -> Iterator[Warned]:
    for action in catalogue.actions.values():
        yield from _of_tier(action)
        yield from _of_secrets(action)
        yield from _of_arguments(action)
    yield from _of_rules(catalogue)


def _of_tier(action: Action) -> Iterator[Warned]:
    path: Path = ("actions", action.name)
    if action.settle:
        mend = "settle it, set the tier you mean and remove the field; until then every plan with it is held"
        yield (*path, "settle"), None, f"an open doubt: {action.settle}", mend
    if action.tier is Tier.PARTIALLY_REVERSIBLE and action.undo is None:
        mend = "add an undo, or make it IRREVERSIBLE"
        yield path, None, "is PARTIALLY_REVERSIBLE but has no undo", mend
    if action.tier is Tier.IRREVERSIBLE and not action.idempotent and not action.probe:
        mend = "add a probe, or idempotent: true where its API takes repeats; else a crash asks a human"
        yield path, None, "cannot be repeated and has no probe", mend
    if action.tier is not Tier.REVERSIBLE and action.says is None:
        yield path, None, "has no sentence for reviewers", 'add says: "…"'


def _of_secrets(action: Action) -> Iterator[Warned]:
    path: Path = ("actions", action.name)
    if action.effect and (leaked := sorted(action.effect.key.variables & action.secret)):
        mend = "use a field that is no secret: effect keys are stored and compared in the clear"
        yield (*path, "effect", "key"), leaked[0], "is a secret field", mend
    for field in ("says", "group"):
        template = action.says if field == "says" else action.group
        if template and (hidden := sorted(template.variables & action.secret)):
            yield (*path, field), hidden[0], "is a secret field, shown as •••", "leave it out of the sentence"


def _notes(catalogue: Catalogue) -> Iterator[Warned]:
    for action in catalogue.actions.values():
        if action.arguments is None:
            mend = "list them: then a plan with any other is held for a human"
            yield ("actions", action.name), None, "lists no arguments, so that an agent may add any", mend
        if action.says is None:
            continue
        mentioned = action.says.variables - GIVEN.keys()
        known = sorted(mentioned) if action.arguments is None else action.arguments
        if rest := [name for name in known if name not in action.says.whole]:
            fault = f"does not print {', '.join(rest)} whole"
            mend = "reviewers read that beneath the sentence; a bare {{ name }} is whole"
            yield ("actions", action.name, "says"), None, fault, mend


def _of_arguments(action: Action) -> Iterator[Warned]:
    path: Path = ("actions", action.name)
    if action.says and "n" in action.says.variables:
        mend = "write {{ args.n }} where an argument is meant"
        yield (*path, "says"), "n", "is the number of steps and no argument", mend
    if action.arguments is None:
        return
    effect = action.effect.key.variables if action.effect else ()
    named: dict[str, Iterable[str]] = {
        "says": action.says.variables - GIVEN.keys() if action.says else (),
        "group": action.group.variables - GIVEN.keys() if action.group else (),
        "effect": effect,
        "material": action.material,
    }
    for field, names in named.items():
        for name in sorted(set(names) - set(action.arguments) - {"args"}):
            yield (*path, field), name, "is not among its arguments", "list it there, or mend the name"


def _of_rules(catalogue: Catalogue) -> Iterator[Warned]:
    for at, rule in enumerate(catalogue.rules):
        path: Path = ("rules", at, "when")
        actions = [catalogue.actions[name] for name in sorted(rule.actions or ())]
        for action in actions:
            for name in sorted(rule.when.arguments - set(action.arguments or rule.when.arguments)):
                yield (
                    path,
                    name,
                    f"is not among the arguments of {action.name}",
                    _missing(name, rule, actions),
                )
        silent = [one.name for one in actions or catalogue.actions.values() if one.arguments is None]
        for name in sorted(rule.when.tested) if silent else ():
            fault = f"is asked for by has(), and {silent[0]} does not list its arguments"
            mend = "list them: where this name is misspelt, nobody can tell, and has() is always false"
            yield path, name, fault, mend


def _missing(name: str, rule: Rule, actions: list[Action]) -> str:
    if name in rule.when.tested and any(name in (one.arguments or (name,)) for one in actions):
        return "list it there, or mend the condition; without it has() is false"
    return (
        f"list it there, or mend the condition; where rule {rule.name} needs it, it counts as met without it"
    )
