"""What stops a run, said so that whoever reads it knows the mend."""

from langgraph.errors import GraphBubbleUp

from gate_events.values import Step


class GraphsError(Exception):
    """Graph {graph!r} ({file}): {problem}; {mend}."""

    def __init__(self, graph: str, file: str, problem: str, mend: str) -> None:
        super().__init__(f"graph {graph!r} ({file}): {problem}; {mend}")
        self.graph = graph
        self.file = file
        self.problem = problem
        self.mend = mend


class EffectFailedError(Exception):
    """Step {step_id} failed before and is not repeated: {detail}."""

    def __init__(self, step_id: str, detail: str) -> None:
        super().__init__(f"step {step_id} failed before and is not repeated: {detail}")
        self.step_id = step_id
        self.detail = detail


class StillOutError(Exception):
    """Step {step_id} is not begun again while an earlier call for it has not returned in this process."""

    def __init__(self, step_id: str) -> None:
        super().__init__(
            f"step {step_id} is not begun again while an earlier call for it has not returned in this process"
        )
        self.step_id = step_id


class RunFailedError(Exception):
    """{reason}: another attempt would end the same way."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GatePassedError(Exception):
    """{why}: a node called gate(), and caught its pause; then the graph failed."""


class RunStoppedError(GraphBubbleUp):
    """Run {thread_id} may do nothing more here: {why}.

    As a GraphBubbleUp it is neither retried by a node's RetryPolicy nor written as the node's error.
    """

    def __init__(self, thread_id: str, why: str) -> None:
        super().__init__(f"run {thread_id} may do nothing more here: {why}")
        self.thread_id = thread_id
        self.why = why


class LeaseLostError(RunStoppedError):
    """Another worker has the run now: this one writes nothing more."""


class HaltedError(RunStoppedError):
    """The worker is asked to stop: the run goes back before its next effect."""


class HeldError(HaltedError):
    """A stop is in force: the run goes back before its next effect, and goes on once that has ended."""


class OutdatedRunError(RunStoppedError):
    """The approval went stale between the claim and the first effect: nothing was done, and nothing is."""


class CutOffError(RunStoppedError):
    """The graph acts without the ledger, and was cut off or failed: nobody knows what it did. It is asked."""


class OverranError(TimeoutError):
    """It ran longer than {limit_s} s."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(f"it ran longer than {limit_s:g} s")
        self.limit_s = limit_s


class InDoubtError(RunStoppedError):
    """Nobody knows whether the step's effect happened: a human is asked."""

    def __init__(self, thread_id: str, step: Step, known: str) -> None:
        super().__init__(thread_id, f"step {step.step_id} is in doubt: {known}")
        self.step = step
        self.known = known
