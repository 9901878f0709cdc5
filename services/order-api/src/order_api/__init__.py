"""Decides on commands, appends order events to the log and learns from it what won."""
