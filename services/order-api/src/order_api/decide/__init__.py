"""The business rules: `decide(order, command, now)` gives a decision or a refusal. Pure and total.

The event's change carries absolute values, so that readers only merge: the log holds what a rule concluded, not the
rule. A module an axis: the payment axis never moves fulfilment, nor the other way round.
"""

from order_api.decide.decider import decide
from order_api.decide.verdict import Code, Decision, Refusal

__all__ = ["Code", "Decision", "Refusal", "decide"]
