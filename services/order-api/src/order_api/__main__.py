"""`python -m order_api`: take orders. Beside it: `import FILE …`, `erase-guest ORDER …`, `guest-keys …`.

Each loads what it needs and no more. The collector is told before the service is loaded, of which nothing is garbage:
it would walk it again and again, for a sixth of the time that loading takes.
"""

import sys

from order_api import garbage


def main() -> int:
    """Give the exit code; what it says is told where the command is."""
    match sys.argv[1:2]:
        case ["import"]:
            from order_api.history_import import command  # noqa: PLC0415  # see above, as the others

            return command.main(sys.argv[2:])
        case ["erase-guest"]:
            from order_api import guest_command  # noqa: PLC0415

            return guest_command.erase(sys.argv[2:])
        case ["guest-keys"]:
            from order_api import guest_command  # noqa: PLC0415

            return guest_command.keys(sys.argv[2:])
    garbage.while_filling()
    from order_api.serving import serve  # noqa: PLC0415

    return serve()


if __name__ == "__main__":
    sys.exit(main())
