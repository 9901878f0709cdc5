"""What holds for all sequences of commands, whatever is asked in whatever order."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infra.deciding import NOW, after, fold, place, soup, totals
from order_api import commands as c
from order_api.decide import Decision, Refusal, decide
from order_contracts.events import TYPES
from order_contracts.order import Order

LINES = st.sampled_from(["pizza", "cola", "1", "2", "nothing"])
STATIONS = st.sampled_from(["oven", "bar", "stove", "nowhere"])
REASONS = st.none() | st.just("r")
AMOUNTS = st.sampled_from([1, 500, 1000, 2200, 3000])
CURRENCIES = st.sampled_from(["EUR", "EUR", "EUR", "USD"])
TIMES = st.sampled_from(["2026-11-20T19:05:00.000Z", "2026-11-20T19:25:00.000Z"])
CHANGES = st.fixed_dictionaries({}, optional={"quantity": st.just("3"), "notes": st.sampled_from([None, "hot"])})
NEW_LINES = st.lists(st.builds(soup, state=st.sampled_from(["new", "held"])), min_size=1, max_size=3).map(tuple)
FULFIL = st.one_of(
    st.builds(c.Release),
    st.builds(c.Accept, st.none() | TIMES),
    st.builds(c.Reject, st.just("r")),
    st.builds(c.Fail, st.just("r")),
    st.builds(c.Cancel, st.just("r")),
    st.builds(c.Complete, REASONS),
    st.builds(c.Start, st.none() | LINES),
    st.builds(c.MakeReady, st.none() | LINES),
    st.builds(c.MakeReady, station=STATIONS),
    st.builds(c.Recall, st.none() | st.lists(LINES, min_size=1, max_size=2).map(tuple)),
    st.builds(c.Recall, line_id=LINES),
    st.builds(c.Recall, station=STATIONS),
)
ITEMS = st.one_of(
    st.builds(c.AddItems, NEW_LINES),
    st.builds(c.ChangeItem, LINES, CHANGES),
    *(st.builds(command, LINES) for command in (c.HoldItem, c.FireItem, c.ServeItem)),
    st.builds(c.VoidItem, LINES, st.just("r")),
)
DETAILS = st.one_of(
    st.builds(c.MoveTable, st.just("7"), st.none() | st.just("terrace")),
    st.builds(c.ChangeNotes, st.sampled_from([{"notes": None}, {"notes": "hot"}, {"allergens": ["peanut"]}])),
    st.builds(c.SetPriority, st.integers(0, 9)),
    st.builds(c.Delay, TIMES),
)
PAYMENT = st.one_of(
    st.builds(c.StateTotals, st.sampled_from([totals(total=2200), totals(total=500, tip=1), totals(total=0)])),
    st.builds(c.Authorize, AMOUNTS, CURRENCIES),
    st.builds(c.Capture, AMOUNTS, CURRENCIES),
    st.builds(c.Refund, AMOUNTS, CURRENCIES, st.lists(LINES, max_size=2).map(tuple)),
    st.builds(c.VoidPayment),
)
TERMINAL = {"rejected", "cancelled", "failed"}
MADE = {"ready", "served"}


def live(order: dict[str, Any]) -> set[str]:
    return {item["state"] for item in order["items"].values()} - {"voided"}


class Sequences(RuleBasedStateMachine):
    """Whatever is asked in whatever order, what is decided is a legal order."""

    @initialize(later=st.booleans(), total=st.booleans())
    def begin(self, later: bool, total: bool) -> None:
        changes: dict[str, Any] = {"scheduled_for": "2026-11-21T18:00:00Z"} if later else {}
        self.order = fold(place(**changes, **({} if total else {"totals": None})))

    @rule(command=FULFIL | ITEMS)
    def work(self, command: c.Command) -> None:
        before = self.order
        if self.ask(command):
            assert before["status"] not in TERMINAL, "a closed order moved"
            paying = ("payment", "payments", "totals")
            assert [self.order.get(name) for name in paying] == [before.get(name) for name in paying]

    @rule(command=DETAILS)
    def describe(self, command: c.Command) -> None:
        before = self.order
        if self.ask(command):
            assert (self.order["status"], self.order["items"]) == (before["status"], before["items"])
            assert before["status"] not in {*TERMINAL, "completed"}

    @rule(command=PAYMENT)
    def pay(self, command: c.Command) -> None:
        before = self.order
        if self.ask(command):
            assert (self.order["status"], self.order["status_since"]) == (before["status"], before["status_since"])
            kitchen = [[item["state"] for item in order["items"].values()] for order in (before, self.order)]
            assert kitchen[0] == kitchen[1], "a payment moved the kitchen"

    def ask(self, command: c.Command) -> bool:
        decision = decide(self.order, command, NOW)
        if isinstance(decision, Refusal):
            assert decision.detail
            return False
        assert isinstance(decision, Decision)
        assert f"order.{decision.name}.v1" in TYPES
        assert set(decision.stations) <= {"oven", "bar", "stove"}
        self.order = after(self.order, command)
        return True

    @invariant()
    def it_is_an_order(self) -> None:
        Order.model_validate(self.order)

    @invariant()
    def status_follows_items(self) -> None:
        states, status = live(self.order), self.order["status"]
        if status in {"ready", "completed"}:
            assert states <= MADE
            assert states
        elif status == "preparing":
            assert states - MADE
        elif status in {"scheduled", "placed", "accepted"}:
            assert states <= {"new", "held"}
        if not states:
            assert status == "cancelled"

    @invariant()
    def sums_never_run_over(self) -> None:
        paid = self.order.get("payments", {})
        captured, refunded = paid.get("captured", 0), paid.get("refunded", 0)
        assert 0 <= refunded <= captured
        assert paid.get("authorized", 0) >= 0
        assert (captured > refunded) == (self.order["payment"] in {"paid", "partially_paid", "partially_refunded"}), (
            self.order["payment"]
        )


Sequences.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestSequences = Sequences.TestCase
