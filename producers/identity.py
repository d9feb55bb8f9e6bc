"""Who the agent is, where its plan does not say."""

import os

from gate_events.values import Agent
from producers.plan import Plan

UNNAMED = "agent"


def agent_of(plan: Plan, graph: str | None = None) -> Agent:
    """The plan's agent, else PLANGATE_AGENT, else the graph's name.

    Trust is earned by an agent's fingerprint: name yours.
    """
    return plan.agent or Agent(name=os.environ.get("PLANGATE_AGENT") or graph or UNNAMED)


def proposer_of(plan: Plan, agent: Agent) -> str:
    """Who proposes, and so never approves: the plan's word, else the agent's name."""
    return plan.proposer or agent.name
