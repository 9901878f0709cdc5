"""Pictures of items: who may upload one, what it may be, and where it is then. The bytes go past order-api, to S3."""
