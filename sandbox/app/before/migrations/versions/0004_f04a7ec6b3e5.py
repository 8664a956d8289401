"""Tickets get an escalation level."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f04a7ec6b3e5"
down_revision = "b0dfdbb55d57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "tickets",
        sa.Column(
            "escalation_level",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
        ),
    )
    op.create_index("ix_tickets_escalation_level", "tickets", ["escalation_level"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_tickets_escalation_level", "tickets")
    op.drop_column("tickets", "escalation_level")
