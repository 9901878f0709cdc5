"""`python -m order_api import`: orders of the past from a file, through the running order-api, once each."""
