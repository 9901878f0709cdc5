"""The fold: an order document is the merge patch of its accepted changes, in order, and nothing else."""

from typing import Any


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON Merge Patch (RFC 7396 section 2) and give the result; neither argument is changed.

    Total for all JSON values, however deeply nested: a loop, since a recursion could be ended by its input.
    Parts that the patch does not touch are shared with `target`, not copied.
    """
    if not isinstance(patch, dict):
        return patch
    result: dict[str, Any] = {**target} if isinstance(target, dict) else {}
    _merge(result, patch, shared=True)
    return result


def apply_patch(document: dict[str, Any], patch: dict[str, Any]) -> None:
    """Do the same in place, at half its price: for who has the document for himself. Parts of the patch become its own.

    The result is equal to `merge_patch`'s, in the order of its names too.
    """
    _merge(document, patch, shared=False)


def _merge(document: dict[str, Any], patch: dict[str, Any], *, shared: bool) -> None:
    """Merge into a document; its parts are copied before they are changed where they are `shared`."""
    todo = [(document, patch)]
    while todo:
        into, changes = todo.pop()
        for name, value in changes.items():
            if value is None:
                into.pop(name, None)
            elif isinstance(value, dict):
                held = into.get(name)
                if not isinstance(held, dict):
                    into[name] = held = {}
                elif shared:
                    into[name] = held = {**held}
                todo.append((held, value))
            else:
                into[name] = value
