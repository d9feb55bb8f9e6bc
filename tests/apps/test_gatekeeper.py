"""The gatekeeper on real Kafka, in a process of its own."""

import time
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from gate_events.codec import decode, encode
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided, PlanProposed
from gate_events.values import Step
from gate_events.words import DeciderKind, DecisionKind, GateState, Tier
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from tests.apps.world import CATALOGUE, World, decision, headers_of, outcome, plan, until

_CATALOGUE = load_catalogue(CATALOGUE)


def asked(*action_types: str, now: datetime | None = None) -> ApprovalRequested:
    """The request that the router makes of such a plan."""
    request = route(plan(*action_types), _CATALOGUE, now=now or datetime.now(UTC))
    assert isinstance(request, ApprovalRequested)
    return request


def test_router_and_gatekeeper_share_a_process_and_a_plan_gets_its_verdict(world: World) -> None:
    world.start("router", "gatekeeper")
    world.send(plan("send"))
    (request,) = world.read(ApprovalRequested, 1)
    world.send(decision(request, note="go on"))
    (verdict,) = world.read(PlanDecided, 1)
    assert (verdict.plan_id, verdict.state, verdict.execute) == (request.plan_id, GateState.APPROVED, True)
    assert (verdict.decided_by, verdict.note, verdict.digest) == ("ana", "go on", request.digest)


def test_a_decision_before_its_request_waits_for_it(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send")
    early = decision(request)
    world.send(early)
    until(lambda: world.dispositions().get(early.event_id) == "WAITING")
    world.send(request)
    (verdict,) = world.read(PlanDecided, 1)
    assert verdict.decision_id == early.event_id
    assert world.gate_state(request.request_id) == "APPROVED"


def test_a_redelivered_decision_changes_nothing(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send")
    said = decision(request, DecisionKind.REJECT, note="no")
    world.send(request, said, said)
    world.send(said, other := decision(request, by="ben"))
    until(lambda: world.dispositions().get(other.event_id) == "LATE")
    assert world.dispositions()[said.event_id] == "DECIDED"
    assert world.gate_state(request.request_id) == "REJECTED"


def test_a_decision_for_another_revision_is_refused(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send")
    stale = decision(request, revision=2)
    world.send(request, stale)
    until(lambda: world.dispositions().get(stale.event_id) == "REFUSED")
    assert world.gate_state(request.request_id) == "PENDING"


def test_a_decision_on_an_unknown_plan_ends_among_the_dead_letters(world: World) -> None:
    world.start("gatekeeper", patience_s=0.5)
    lost = decision(asked("send"))
    world.send(lost)
    with world.reader("dead-letters") as reader:
        (dead,) = reader.messages(lambda seen: len(seen) == 1)
    assert decode(dead.value(), DecisionMade) == lost
    assert dead.key() == str(lost.plan_id).encode()
    assert str(lost.request_id) in headers_of(dead)["plangate_error"]
    until(lambda: lost.event_id not in world.dispositions())


def test_a_gate_expires_through_the_decisions_topic(world: World) -> None:
    world.start("gatekeeper")
    world.send(asked("blink"))
    (spoken,) = world.read(DecisionMade, 1)
    assert (spoken.kind, spoken.decider) == (DecisionKind.EXPIRE, DeciderKind.CLOCK)
    (verdict,) = world.read(PlanDecided, 1)
    assert (verdict.state, verdict.execute) == (GateState.EXPIRED, False)


def test_an_edit_within_the_terms_is_approved_as_edited(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send", "send")
    kept = request.steps[:1]
    world.send(request, decision(request, DecisionKind.EDIT, steps=kept))
    (verdict,) = world.read(PlanDecided, 1)
    assert (verdict.state, verdict.execute, verdict.steps) == (GateState.APPROVED, True, kept)
    assert verdict.revision == 2


def test_an_edit_that_needs_other_reviewers_is_asked_of_them(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send")
    paying = (Step(step_id="1", action_type="pay", arguments={"what": "a bill"}),)
    world.send(request, decision(request, DecisionKind.EDIT, steps=paying))
    stricter = next(each for each in world.read(ApprovalRequested, 2) if each != request)
    assert until(lambda: world.gate_state(request.request_id) == "SUPERSEDED")
    assert (stricter.revision, stricter.steps, stricter.tier) == (2, paying, Tier.IRREVERSIBLE)
    assert set(stricter.review.terms.reviewers) == {"carla", "dev"}
    until(lambda: world.gate_state(stricter.request_id) == "PENDING")
    unentitled, entitled = decision(stricter, by="ana"), decision(stricter, by="carla")
    world.send(unentitled, entitled)
    verdicts = world.read(PlanDecided, 2)
    assert {each.request_id: each.state for each in verdicts} == {
        request.request_id: GateState.SUPERSEDED,
        stricter.request_id: GateState.APPROVED,
    }
    assert world.dispositions()[unentitled.event_id] == "REFUSED"


def test_poison_among_decisions_stops_none_of_them(world: World) -> None:
    world.start("gatekeeper")
    requests = [asked("send") for _ in range(100)]
    world.send(*requests)
    for number, request in enumerate(requests):
        world.send_raw("decisions", encode(decision(request)), str(request.plan_id).encode())
        if number % 10 == 0:
            world.send_raw("decisions", b"\x00\x00\x00\x00\x07 of no registry", b"poison")
            world.send_raw("outcomes", b"", b"empty")
    verdicts = world.read(PlanDecided, len(requests))
    assert {each.request_id for each in verdicts} == {each.request_id for each in requests}
    with world.reader("dead-letters") as reader:
        dead = reader.messages(lambda seen: len(seen) == 20)
    assert {headers_of(each)["plangate_topic"] for each in dead} == {"decisions", "outcomes"}
    until(lambda: world.lag("gatekeeper", "decisions", "outcomes", "approval-requests") == 0)


REFUSE_ZOE = """
CREATE TRIGGER refuse_zoe BEFORE INSERT ON decisions WHEN NEW.decided_by = 'zoe'
BEGIN SELECT RAISE(ABORT, 'zoe is refused'); END
"""


def test_a_record_that_the_store_cannot_take_is_singled_out_of_its_batch(world: World) -> None:
    with world.store.begin() as conn:
        conn.exec_driver_sql(REFUSE_ZOE)  # a fault that no check of ours foresees
    requests = [asked("send") for _ in range(60)]
    refused = decision(requests[30], by="zoe")
    good = [decision(request) for request in requests if request is not requests[30]]
    world.send(*requests, *good[:30], refused, *good[30:])
    world.start("gatekeeper")
    verdicts = world.read(PlanDecided, len(good))
    assert {each.decision_id for each in verdicts} == {each.event_id for each in good}
    with world.reader("dead-letters") as reader:
        (dead,) = reader.messages(lambda seen: len(seen) == 1)
    assert decode(dead.value(), DecisionMade) == refused
    assert "the store cannot take it: IntegrityError: zoe is refused" in headers_of(dead)["plangate_error"]
    assert world.gate_state(requests[30].request_id) == "PENDING"


def test_sigkill_in_the_middle_loses_no_decision(world: World) -> None:
    requests = [asked("send") for _ in range(1_500)]
    world.send(*requests, *(decision(request) for request in requests))
    for wanted in (100, 700):
        worker = world.start("gatekeeper", instance="g1", wait=False)
        until(lambda wanted=wanted: _decided(world) >= wanted)  # type: ignore[misc] # mypy: lambda with a default
        worker.kill()
    world.start("gatekeeper", instance="g1")
    verdicts = world.read(PlanDecided, len(requests))
    assert {each.request_id for each in verdicts} == {each.request_id for each in requests}
    assert set(world.dispositions().values()) == {"DECIDED"}


def _decided(world: World) -> int:
    return sum(fate == "DECIDED" for fate in world.dispositions().values())


def test_two_gatekeepers_share_the_work(world: World) -> None:
    requests = [asked("send") for _ in range(400)]
    first, second = world.start("gatekeeper"), world.start("gatekeeper")
    world.send(*requests, *(decision(request) for request in requests))
    verdicts = world.read(PlanDecided, len(requests))
    assert {each.state for each in verdicts} == {GateState.APPROVED}
    assert (first.end(), second.end()) == (0, 0)


def test_an_undo_proposes_the_compensating_plan_once_the_outcome_is_there(world: World) -> None:
    world.start("router", "gatekeeper")
    proposed = plan("tag", "look")
    world.send(proposed)
    (cleared,) = world.read(PlanCleared, 1)
    world.send(outcome(cleared))
    (review,) = world.read(ApprovalRequested, 1)
    world.send(decision(review, DecisionKind.UNDO, by="ben"))
    undoing = next(each for each in world.read(PlanProposed, 2) if each.plan_id != proposed.plan_id)
    assert [step.action_type for step in undoing.steps] == ["untag"]
    assert undoing.proposer == "ben"
    assert world.gate_state(review.request_id) == "REJECTED"


def test_a_gatekeeper_that_starts_with_a_stricter_catalogue_asks_what_services_did_not_begin(
    world: World,
) -> None:
    first = world.start("gatekeeper")
    cleared = route(plan("look"), _CATALOGUE, now=datetime.now(UTC))
    world.send(cleared)
    until(lambda: world.may_run(cleared.digest))
    assert first.end() == 0
    world.start(
        "gatekeeper", catalogue=CATALOGUE.replace("look: {tier: REVERSIBLE", "look: {tier: IRREVERSIBLE")
    )
    (question,) = world.read(ApprovalRequested, 1)
    assert (question.plan_id, question.digest, question.attempt) == (cleared.plan_id, cleared.digest, 2)
    until(lambda: world.gate_state(question.request_id) == "PENDING")
    world.send(decision(question))
    (verdict,) = world.read(PlanDecided, 1)
    assert (verdict.execute, verdict.digest, verdict.attempt) == (True, cleared.digest, 2)


def test_the_same_request_twice_opens_one_gate(world: World) -> None:
    world.start("gatekeeper")
    request = asked("send")
    world.send(request, request, msgspec.structs.replace(request, event_id=uuid4()))
    until(lambda: world.gate_state(request.request_id) == "PENDING")
    until(lambda: world.lag("gatekeeper", "approval-requests") == 0)
    time.sleep(0.1)
    world.send(decision(request))
    assert len(world.read(PlanDecided, 1)) == 1
