"""The webhooks' own tables: beside the read models, since a rebuild takes those away."""

from importlib.resources import as_file, files

from projector.schema import migrate
from projector.settings import WebhookSettings


def migrate_webhooks(settings: WebhookSettings) -> None:
    """Bring the tables up to date; several processes may do so at once."""
    with as_file(files("projector") / "webhooks" / "migrations") as folder:
        migrate(settings.direct_address, settings.webhooks_schema, folder)
