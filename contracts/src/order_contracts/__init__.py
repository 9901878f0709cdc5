"""What the services share, and nothing else: pure data and rules, no broker, no database, no sockets."""
