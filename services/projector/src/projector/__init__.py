"""Keeps the read models in Postgres, rows and positions in one transaction, and serves them."""
