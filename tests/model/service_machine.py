"""Services that act by themselves, with the ledger: the whole machine."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gate_events.values import Step
from gate_events.words import StepStatus
from gate_store.claims import Claim, Grant
from gate_store.engine.port import NotClearedError
from gate_store.ledger import claim_effect, finish_effect
from tests.model.run_machine import ENDED, MOSTLY, STEPS_ASKED, RunMachine
from tests.model.universe import LEASE_S
from tests.store.acting import look_at_doubts

STRUGGLE = ("claim", "claim", "finish", "finish", "lapse", "relay", "deliver", "deliver", "resolve")


@dataclass
class Claimed:
    """A service's claim that was granted."""

    plan: Any
    step: Step
    claim: Claim


class ServiceMachine(RunMachine):
    """Claims, ends, doubts and resolutions of services' steps."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[Claimed] = []

    @precondition(lambda self: self.reference.cleared)
    @rule(data=st.data(), claims=st.booleans())
    def a_service_works(self, data: st.DataObject, claims: bool) -> None:
        if claims or not self.claims:
            self._claim_effect(data)
        else:
            self._finish_effect(data)

    @precondition(lambda self: self.reference.cleared)
    @rule(data=st.data(), acts=st.lists(st.sampled_from(STRUGGLE), max_size=8))
    def a_service_struggles(self, data: st.DataObject, acts: list[str]) -> None:
        """One step, again and again: begun, ended, doubted, resolved, begun anew."""
        self._claim_effect(data)
        for act in acts if self.claims else ():
            if act == "claim":
                self._claim_effect(data, self.claims[-1])
            elif act == "finish":
                self._finish_effect(data)
            elif act == "lapse":
                self._move(timedelta(seconds=LEASE_S + 1))
            elif act == "relay":
                self._relay_all()
            elif act == "deliver":
                self._deliver_all()
            else:
                self._resolve_something(data)

    def _claim_effect(self, data: st.DataObject, like: Claimed | None = None) -> None:
        step, right, idempotent = data.draw(STEPS_ASKED), data.draw(MOSTLY), data.draw(st.booleans())
        digests = sorted(self.reference.cleared)
        if like:
            digests = [name for name in digests if self.reference.cleared[name].plan == like.plan]
        digest = data.draw(st.sampled_from(digests))
        cleared = self.reference.cleared[digest]
        if any(run.digest == digest for run in self.reference.runs.all.values()):
            return  # a run's effects are its resumer's
        if like:
            step = cleared.steps.get(like.step.step_id, step)
        elif right:
            step = data.draw(st.sampled_from(list(cleared.steps.values())))
        now = self.world.now
        said = self.reference.runs.grant(cleared.plan, digest, step, now, idempotent=idempotent)
        with self.world.store.begin() as conn:
            try:
                claim = claim_effect(
                    conn, cleared.plan, digest, step, "service", now, idempotent=idempotent, lease_s=LEASE_S
                )
                look_at_doubts(conn, now)
            except NotClearedError:
                assert said == "REFUSED"
                return
        assert claim.grant.value == said
        if claim.grant is Grant.GO:
            granted = self.reference.runs.effects.get(cleared.plan, step)
            assert granted
            granted.token = claim.token
            self.claims.append(Claimed(cleared.plan, step, claim))
        self.changed()

    def _finish_effect(self, data: st.DataObject) -> None:
        """Also one whose claim was lost, and one that was told already."""
        held, state = data.draw(st.sampled_from(self.claims[::-1])), data.draw(ENDED)
        effect = self.reference.runs.effects.get(held.plan, held.step)
        assert effect
        may = effect.token == held.claim.token and effect.state in ("CLAIMED", "IN_DOUBT", "RETRY")
        with self.world.store.begin() as conn:
            done = finish_effect(conn, held.claim, StepStatus(state), self.world.now)
            look_at_doubts(conn, self.world.now)
        assert done == may
        if may:
            effect.state = state
        self.changed()
