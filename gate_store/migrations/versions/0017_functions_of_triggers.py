"""Whoever may write a row has no say in which tables its laws look at, nor may run their functions elsewhere.

On PostgreSQL alone: of SQLite everybody who may write the file may do everything.
Workers of the version before go on meanwhile, and notice nothing.
"""

from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT, kept_to_its_tables

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_FUNCTIONS = (
    *("the_terms_of_a_gate_are_frozen", "a_closed_gate_never_changes", "a_closed_gate_has_its_decision"),
    *("a_recorded_decision_never_changes", "what_became_of_a_decision_is_final"),
    *("only_an_approved_gate_clears", "a_clearance_is_renewed_by_another_gate_alone"),
    *("ask_again_when_it_is_too_old", "what_was_cleared_never_changes"),
    *("an_effect_keeps_its_plan_and_step", "a_succeeded_effect_is_final", "nothing_is_repeated_in_doubt"),
    *("nothing_revoked_begins", "nothing_stale_begins"),
    *("tokens_only_grow", "a_run_does_what_it_asked_or_what_a_human_edited", "forget_what_was_asked_before"),
    *("the_first_outcome_stays", "the_first_outcome_of_an_attempt_stays", "take_over_outcome"),
    *("what_was_said_never_changes", "note_own_request"),
    *("a_revision_keeps_its_content", "what_was_revoked_stays_so", "a_policy_never_changes"),
    "what_was_seen_stays_so",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            for function in _FUNCTIONS:
                for statement in kept_to_its_tables(function):
                    op.execute(statement)
            op.execute("RESET lock_timeout")
