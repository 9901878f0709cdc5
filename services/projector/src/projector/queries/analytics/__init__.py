"""Reports about sales, items, times, late orders and refunds, read from the analytics views and from nothing else."""
