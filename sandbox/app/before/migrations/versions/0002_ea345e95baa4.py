"""Rules and their actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "ea345e95baa4"
down_revision = "1c1c6716c2ab"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(1000), nullable=True),
        sa.Column("event_type", sa.String(50), nullable=False),
        sa.Column("conditions", postgresql.JSONB(), nullable=False),
        sa.Column("execution_order", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
    )
    op.create_index("ix_rules_event_type", "rules", ["event_type"])
    op.create_index("ix_rules_execution_order", "rules", ["execution_order"])
    op.create_table(
        "rule_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("action_type", sa.String(50), nullable=False),
        sa.Column("action_data", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_actions"),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["rules.id"],
            name="fk_rule_actions_rule_id_rules",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_rule_actions_rule_id", "rule_actions", ["rule_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("rule_actions")
    op.drop_table("rules")
