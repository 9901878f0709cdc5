"""The whole system on one machine: backing servers, services, demo."""
