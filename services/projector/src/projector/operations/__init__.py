"""What an operator runs beside the projector: rebuild, verify, dead letters, lag, retention."""
