"""Rules, compiled for judgement."""

from dataclasses import dataclass

from gate_events.words import Tier
from gate_policy.conditions import Condition, Verdict
from gate_policy.requirements import Body
from gate_policy.templates import Template

DOUBT = (
    "its condition could not be evaluated (an argument is missing or of another kind, "
    "or the plan is too large for it), so it counts as met"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that can raise a tier and add requirements, and never lowers anything."""

    name: str
    when: Condition
    because: str
    actions: frozenset[str] | None  # None: every action
    tier: Tier | None
    high_stakes: bool
    body: Body | None
    warn: Template | None

    def reason(self, verdict: Verdict) -> str:
        """Why the rule counts, as one sentence."""
        what = f"rule {self.name}{self._asks()}: {self.because}"
        return what if verdict is Verdict.YES else f"{what} ({DOUBT})"

    def _asks(self) -> str:
        asks = [f"at least {self.tier.value}"] if self.tier else []
        asks += ["a review before it runs"] if self.high_stakes else []
        if self.body:
            who = ", ".join(sorted(self.body.people)) or "anyone"
            asks.append(f"{self.body.quorum} of {who}")
        return f" asks for {' and '.join(asks)}" if asks else ""
