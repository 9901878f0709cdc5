"""What the system costs on AWS: a pure model over measured figures and listed prices, and a command that prints it."""
