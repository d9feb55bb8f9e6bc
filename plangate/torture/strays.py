"""Dead letters, and what excuses each of them. Any other means that something honest was given up."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from uuid import UUID

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, PlanProposed
from gate_events.words import DecisionKind
from gate_policy.catalogue import Catalogue
from gate_store.clock import expiry
from gate_store.judged_words import IN_OTHER_WORDS
from plangate.torture.buried import Buried, digest_of
from plangate.torture.evidence import Evidence, Line
from plangate.torture.honesty import Honesty
from plangate.torture.outcomes import calls_by_key, tried_again
from plangate.torture.poisoned import is_of_poison
from plangate.torture.services.plans import WITHOUT_STORE, serves

_TAKEN = ("was first proposed by", "has other content already", "asks about another content already")
_NOT_ALLOWED = ("at this plan was never cleared", "did not approve it")
_COMES_AGAIN = "the clock says it again"
_ABOUT_PLANS = (PlanProposed, PlanCleared, ApprovalRequested)
_JUST_BEFORE_S, _READ_WITHIN_S = 1.0, 60.0  # of what was written while a clock was wrong


def stray_letters(evidence: Evidence, honesty: Honesty, catalogue: Catalogue) -> Iterator[str]:
    """What was given up though no lie and no wrong clock is the reason."""
    strays = Strays(evidence, honesty, catalogue)
    for letter in evidence.buried:
        if not strays.excuses(letter):
            yield f"plan {letter.plan_id}: {letter.error}"


def ids_taken(evidence: Evidence, honesty: Honesty) -> set[UUID]:
    """Plans of services that were refused aloud, because a lie had their id or revision before them."""
    ours = {plan.plan_id: plan for plan in evidence.service_plans}
    taken = {lie.record.plan_id for lie in evidence.lies if isinstance(lie.record, _ABOUT_PLANS)}
    return {
        each.plan_id
        for each in evidence.buried
        if each.plan_id in ours.keys() & taken
        and each.digest in honesty.proposals
        and any(words in each.error for words in _TAKEN)
        and not evidence.told.is_lie(each.value)
    }


def told_otherwise(evidence: Evidence) -> set[str]:
    """Plans of services, by digest, whose true words were refused aloud: a lie had told it in others."""
    lied = {digest_of(lie.record) for lie in evidence.lies if isinstance(lie.record, _ABOUT_PLANS)}
    return {
        each.digest
        for each in evidence.buried
        if each.digest in lied and IN_OTHER_WORDS in each.error and not evidence.told.is_lie(each.value)
    }


class Strays:
    """The excuses. Each is asked of each letter."""

    def __init__(self, evidence: Evidence, honesty: Honesty, catalogue: Catalogue) -> None:
        self._evidence = evidence
        self._honesty = honesty
        self._catalogue = catalogue
        self._replays = Counter(lie.value for lie in evidence.lies if lie.replay)
        self._replayed: set[object] = set()  # the places of letters that a replay answers for

    def excuses(self, letter: Buried) -> bool:
        """Whether it answers a lie, or says that the laboratory set a clock wrong."""
        return any(look(self, letter) for look in EXCUSES)

    def is_a_lie(self, letter: Buried) -> bool:
        """It is the lie."""
        return self._evidence.told.is_lie(letter.value)

    def is_poison(self, letter: Buried) -> bool:
        """It is, or it is what is left of it."""
        return is_of_poison(letter, self._evidence)

    def is_a_replay(self, letter: Buried) -> bool:
        """As many of a true record's letters as it was told again."""
        if letter.place in self._replayed:
            return True
        if letter.value not in self._replays or not self._replays[letter.value]:
            return False
        self._replays[letter.value] -= 1
        if letter.place is not None:
            self._replayed.add(letter.place)
        return True

    def was_said_before_the_clock(self, letter: Buried) -> bool:
        """A liar's word of the clock, which the world may say again: of no gate, or before its time."""
        early = any(lie.value == letter.value for lie in self._evidence.lies if lie.record == letter.record)
        if not early or not isinstance(letter.record, DecisionMade):
            return False
        return letter.record not in self._clocks_words or _COMES_AGAIN in letter.error

    def was_made_of_a_lie(self, letter: Buried) -> bool:
        """A worker's record about content that nobody honest proposed, and no reviewer made."""
        return letter.digest in self._lies_digests and letter.digest not in self._honesty.asked

    def lost_its_id(self, letter: Buried) -> bool:
        """A service's plan whose id or revision a lie had first: nobody signs, so the first has it."""
        return letter.plan_id in self._taken and any(words in letter.error for words in _TAKEN)

    def was_told_otherwise(self, letter: Buried) -> bool:
        """A service's plan that a lie told in other words, which nothing but a signature refutes."""
        return letter.digest in self._told_otherwise and IN_OTHER_WORDS in letter.error

    def was_asked_for_a_lie(self, letter: Buried) -> bool:
        """It would have cleared the very plan about which a lie made the gatekeeper ask."""
        if not isinstance(letter.record, PlanCleared) or "a human was asked about" not in letter.error:
            return False
        return letter.digest in self._asked_by_lies

    def is_asked_already(self, letter: Buried) -> bool:
        """The gatekeeper's own question, of which another letter tells, stands in its place."""
        routed = isinstance(letter.record, ApprovalRequested | PlanCleared)
        already = letter.error.startswith("asked anew as") and letter.error.endswith("asked about already")
        return routed and already and letter.digest in self._asked

    def was_done_beside_a_lie(self, letter: Buried) -> bool:
        """The same plan, done by a service without a store, which had only the router's true word."""
        if not isinstance(letter.record, PlanExecuted) or not any(
            why in letter.error for why in _NOT_ALLOWED
        ):
            return False
        plan = self._honesty.proposals.get(letter.digest)
        alone = plan is not None and serves(plan.steps) == WITHOUT_STORE
        return alone and letter.digest in self._asked_by_lies & self._cleared_by_router

    def is_of_a_wrong_clock(self, letter: Buried) -> bool:
        """The question was asked anew by our clock, or the clock's word came early and will come again."""
        routed = isinstance(letter.record, ApprovalRequested | PlanCleared)
        expires = isinstance(letter.record, DecisionMade) and letter.record.kind is DecisionKind.EXPIRE
        given_up = not (
            (routed and letter.error.startswith("asked anew as"))
            or (expires and _COMES_AGAIN in letter.error)
        )
        return not given_up and any(
            fault["at"] - _JUST_BEFORE_S <= letter.at <= fault["until"] + _READ_WITHIN_S
            for fault in self._evidence.faults
            if fault["kind"] == "jump"
        )

    def was_outlived(self, letter: Buried) -> bool:
        """An outcome that was read when the step that failed had been tried again."""
        first = letter.record
        return isinstance(first, PlanExecuted) and any(
            tried_again(first, then, self._calls, self._catalogue)
            for then in self._evidence.outcomes
            if then.plan_id == first.plan_id
        )

    @cached_property
    def _clocks_words(self) -> list[DecisionMade]:
        """What the clock says of the gates that are there."""
        return [expiry(gate.request) for gate in self._evidence.rows.gates]

    @cached_property
    def _lies_digests(self) -> set[str]:
        return {digest_of(lie.record) for lie in self._evidence.lies if not lie.replay}

    @cached_property
    def _told_otherwise(self) -> set[str]:
        return told_otherwise(self._evidence)

    @cached_property
    def _asked(self) -> set[str]:
        return {gate.request.digest for gate in self._evidence.rows.gates}

    @cached_property
    def _asked_by_lies(self) -> set[str]:
        asked = (lie.record for lie in self._evidence.lies)
        return {record.digest for record in asked if isinstance(record, ApprovalRequested)}

    @cached_property
    def _cleared_by_router(self) -> set[str]:
        return {record.digest for record in self._evidence.cleared}

    @cached_property
    def _taken(self) -> set[UUID]:
        return ids_taken(self._evidence, self._honesty)

    @cached_property
    def _calls(self) -> Mapping[str, Sequence[Line]]:
        return calls_by_key(self._evidence.calls)


EXCUSES: tuple[Callable[[Strays, Buried], bool], ...] = (
    Strays.is_a_lie,
    Strays.is_poison,
    Strays.is_a_replay,
    Strays.was_said_before_the_clock,
    Strays.was_made_of_a_lie,
    Strays.lost_its_id,
    Strays.was_told_otherwise,
    Strays.was_asked_for_a_lie,
    Strays.is_asked_already,
    Strays.was_done_beside_a_lie,
    Strays.is_of_a_wrong_clock,
    Strays.was_outlived,
)
