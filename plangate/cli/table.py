"""The commands, in the order of the help: for each its module in `commands` and its help's first paragraph.

A command's own help is in its module; `tests/cli/test_help.py` holds this table equal to it.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """A command."""

    module: str
    help: str


TABLE = {
    "demo": Row(
        "demo", "An agent works through 200 billing inquiries, and an edge case is stopped at the gate."
    ),
    "init": Row(
        "init",
        "Make a project with a gate in it: an agent, its catalogue, and a test; nothing is overwritten.",
    ),
    "dev": Row(
        "dev", "Start a broker, a store and workers here, say how to reach them, and run until Ctrl-C."
    ),
    "worker": Row(
        "worker",
        "Run the router, the gatekeeper and the resumers until SIGTERM; on as many machines as wanted.",
    ),
    "topics": Row("topics", "Make and check the topics that Plangate uses."),
    "store": Row("store", "The gate store: its tables and migrations."),
    "propose": Row(
        "propose", "Publish a plan. The same text is the same plan: proposed twice, it is gated once."
    ),
    "explain": Row(
        "explain",
        "Say which way a plan would go and why: step by step, rule by rule. Needs only the catalogue.",
    ),
    "submit": Row(
        "submit",
        "Run a graph until its gate, publish its plan and wait until the gate is open or needed none.",
    ),
    "pending": Row(
        "gates",
        "What waits for a decision, the nearest deadline first: of each what needs judgment, in few lines.",
    ),
    "show": Row(
        "gates", "Everything about one plan: its steps, warnings, reasons, decisions, effects and outcome."
    ),
    "approve": Row("decisions", "Let a plan run as it was proposed."),
    "edit": Row(
        "decisions",
        "Let a plan run with changes: from a file, without the steps of --drop, or else in your editor.",
    ),
    "reject": Row("decisions", "Let nothing of a plan run; the graph sees the note."),
    "respond": Row(
        "decisions", "Answer the agent instead of deciding; nothing runs, and it may propose anew."
    ),
    "withdraw": Row(
        "decisions",
        "Take one's own plan back; the proposer's right: say --by PROPOSER unless that is your login name.",
    ),
    "confirm": Row("decisions", "Say afterwards that what ran was right."),
    "undo": Row(
        "decisions", "Say afterwards that it was wrong: the steps that undo it become a plan of their own."
    ),
    "resolve": Row("decisions", "Say what became of an effect whose result nobody knows."),
    "stop": Row(
        "stop",
        "Let nothing more begin: no run, no step of a run or a service. What is under way ends and is told.",
    ),
    "go": Row(
        "stop", "End what `plangate stop` stopped: what waited goes on under approvals that still hold."
    ),
    "runs": Row(
        "runs",
        "Runs: what was decided on their plans, how they ended, and why one failed; the last moved first.",
    ),
    "wait": Row("wait", "Wait until a run ends; say how, what its steps gave, and what its graph returned."),
    "follow": Row("follow", "What a run's nodes say behind the gate, as they say it, until the run ends."),
    "retry": Row(
        "retry",
        "Ask for another attempt at a run that FAILED: once that is approved, it goes on from its"
        " checkpoint.",
    ),
    "dead-letters": Row("dead_letters", "Records that could not be decoded or handled."),
    "catalogue": Row("catalogue", "The catalogue of action types: check it, make a first one."),
    "torture": Row(
        "torture",
        "Kill, pause and restart whole workers while they serve runs; then judge by an outside witness.",
    ),
    "doctor": Row("doctor", "Look at Kafka, store, graphs and catalogue, at the workers, and at what waits."),
}
