"""A supervisor to be killed: `supervising.py FOLDER PORT PORT` runs two stand-ins and writes their pids down."""

import sys
import threading
from functools import partial
from pathlib import Path

from local_stack.program import Program, inherited
from local_stack.readiness import answers_ok
from local_stack.run import Run
from local_stack.state import State

folder, *ports = sys.argv[1:]
run = Run(State(Path(folder)), lambda _: None)
run.begin()
run.start(
    *(
        Program(
            name=f"stand-in-{port}",
            command=(sys.executable, str(Path(__file__).with_name("stand_in.py")), port),
            log=Path(folder) / f"{port}.log",
            environment=inherited(),
            is_ready=partial(answers_ok, int(port), "/readyz"),
        )
        for port in ports
    )
)
(Path(folder) / "is-up").touch()
threading.Event().wait()
