"""Decides on commands, appends order events to the log and learns from its own tail what won."""
