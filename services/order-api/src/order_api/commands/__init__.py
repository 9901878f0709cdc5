"""What callers ask of an order, as data; a module an axis, as in `decide`."""

from order_api.commands.details import ChangeNotes, Delay, MoveTable, SetPriority, ToDetails
from order_api.commands.fulfilment import (
    Accept,
    Cancel,
    Complete,
    Fail,
    MakeReady,
    Recall,
    Reject,
    Release,
    Start,
    ToFulfil,
)
from order_api.commands.guest import EraseGuest
from order_api.commands.items import AddItems, ChangeItem, FireItem, HoldItem, ServeItem, ToItems, VoidItem
from order_api.commands.payment import Authorize, Capture, Refund, StateTotals, ToPayment, VoidPayment
from order_api.commands.placement import ImportOrder, Place, Sync

Change = ToFulfil | ToItems | ToPayment | ToDetails
Command = Place | ImportOrder | Sync | EraseGuest | Change

__all__ = [
    "Accept",
    "AddItems",
    "Authorize",
    "Cancel",
    "Capture",
    "Change",
    "ChangeItem",
    "ChangeNotes",
    "Command",
    "Complete",
    "Delay",
    "EraseGuest",
    "Fail",
    "FireItem",
    "HoldItem",
    "ImportOrder",
    "MakeReady",
    "MoveTable",
    "Place",
    "Recall",
    "Refund",
    "Reject",
    "Release",
    "ServeItem",
    "SetPriority",
    "Start",
    "StateTotals",
    "Sync",
    "ToDetails",
    "ToFulfil",
    "ToItems",
    "ToPayment",
    "VoidItem",
    "VoidPayment",
]
