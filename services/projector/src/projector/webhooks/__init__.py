"""Outgoing webhooks by the Standard Webhooks specification: accepted events, in order, to other people's systems."""
