"""What a liar does not say, and why: here nothing but the broker's ACLs tells him from the one he speaks as.

Every kind of `KINDS` is told and counts: what it claims can be held against the store, the catalogue, the
plan's owner or the broker's time. These become kinds once records are signed.
"""

from collections.abc import Mapping

NOT_TOLD: Mapping[str, str] = {
    "a decision in the name of a listed reviewer": "the name is all that a decision has to show",
    "any decision of an invented person where anybody may decide": "a name is a person",
    "a withdrawal, or a service's next revision, in the proposer's own name": "an owner is claimed until "
    "proposals are signed; the later revision is shown as a claim, and clears nothing that was asked",
    "an outcome of a service's plan that may run, under its own digest": "who executes it says so; a lie "
    "that it is done already comes before the approval (`undecided`)",
    "a clearance of a plan of a service without a store": "it has nothing to hold the clearance against",
    "anything on verdicts or dead-letters": "nobody but the gatekeeper and the workers may write there",
}
