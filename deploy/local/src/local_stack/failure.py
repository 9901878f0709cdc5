"""What ends a start for a reason that the user can do something about."""


class StackFailure(Exception):
    """Its text is for the user: what failed, and what to do. No traceback is needed with it."""
