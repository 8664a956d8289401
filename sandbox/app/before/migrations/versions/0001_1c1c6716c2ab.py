"""Tickets get an embedding."""

from __future__ import annotations

from alembic import op

revision = "1c1c6716c2ab"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE tickets ADD COLUMN embedding_vector vector(768)")


def downgrade() -> None:
    """Take back."""
    op.drop_column("tickets", "embedding_vector")
