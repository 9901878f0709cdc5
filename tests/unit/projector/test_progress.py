"""Liveness tells the truth: silence with records waiting is death, silence at the log's end is peace."""

from projector.progress import Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def started() -> tuple[Progress, Clock]:
    clock = Clock()
    return Progress(stalled_after_seconds=60, clock=clock), clock


def test_records_wait_and_nobody_moves() -> None:
    progress, clock = started()
    clock.now = 61
    progress.observed(12)
    assert progress.stalled() == "no progress for 61 s, 12 records waiting"


def test_the_end_of_the_log_cannot_be_learned() -> None:
    progress, clock = started()
    clock.now = 61
    assert progress.stalled() == "no progress for 61 s, an unknown number of records waiting"


def test_a_quiet_night_is_no_stall() -> None:
    progress, clock = started()
    for clock.now in range(0, 7200, 2):
        progress.observed(0)
    assert progress.stalled() is None


def test_an_hour_without_postgres_is_no_reason_to_be_restarted() -> None:
    progress, clock = started()
    for clock.now in range(0, 3600, 5):
        progress.observed(500)
        progress.waiting()
    assert progress.stalled() is None


def test_a_commit_is_a_sign_of_life() -> None:
    progress, clock = started()
    clock.now = 50
    progress.advanced()
    clock.now = 100
    assert progress.stalled() is None
