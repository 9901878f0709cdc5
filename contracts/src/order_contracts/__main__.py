"""`python -m order_contracts [--check]`: write the generated artifacts, or say which have drifted."""

import sys
from pathlib import Path

from order_contracts.artifacts import files

_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Write all artifacts below contracts/; with --check write none and give 1 if one differs."""
    check = sys.argv[1:] == ["--check"]
    wanted = {_ROOT / name: text for name, text in files()}
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    stale = [path for path in (*_ROOT.glob("schemas/*"), *_ROOT.glob("examples/v1/*")) if path not in wanted]
    for path in differing + stale:
        sys.stderr.write(
            f"contracts/{path.relative_to(_ROOT)} {'differs: run make contracts' if check else 'written'}\n"
        )
    if check:
        return 1 if differing or stale else 0
    for path in differing:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    for path in stale:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
