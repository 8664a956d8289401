"""Assets, changes and problems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "ae2bcdc8e643"
down_revision = "f04a7ec6b3e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "assets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("asset_type", sa.String(50), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("identifier", sa.String(255), nullable=False),
        sa.Column("metadata_json", postgresql.JSONB(), nullable=False),
        sa.Column("assigned_user_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assets"),
        sa.ForeignKeyConstraint(
            ["assigned_user_id"], ["users.id"], name="fk_assets_assigned_user_id_users"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_assets_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_assets_organization_id_organizations",
        ),
        sa.ForeignKeyConstraint(["updated_by"], ["users.id"], name="fk_assets_updated_by_users"),
    )
    op.create_index("ix_assets_assigned_user_id", "assets", ["assigned_user_id"])
    op.create_index(
        "ix_assets_org_identifier",
        "assets",
        ["organization_id", "identifier"],
        unique=True,
    )
    op.create_index("ix_assets_organization_id", "assets", ["organization_id"])
    op.create_table(
        "change_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("risk_level", sa.String(50), nullable=False),
        sa.Column("planned_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("implementation_plan", sa.Text(), nullable=True),
        sa.Column("rollback_plan", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_requests"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_change_requests_created_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_change_requests_organization_id_organizations",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name="fk_change_requests_updated_by_users"
        ),
    )
    op.create_index("ix_change_requests_organization_id", "change_requests", ["organization_id"])
    op.create_index("ix_change_requests_status", "change_requests", ["status"])
    op.create_table(
        "problems",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(50), nullable=False),
        sa.Column("severity", sa.String(50), nullable=True),
        sa.Column("root_cause", sa.Text(), nullable=True),
        sa.Column("workaround", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_problems"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_problems_created_by_users"),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_problems_organization_id_organizations",
        ),
        sa.ForeignKeyConstraint(["updated_by"], ["users.id"], name="fk_problems_updated_by_users"),
    )
    op.create_index("ix_problems_organization_id", "problems", ["organization_id"])
    op.create_index("ix_problems_status", "problems", ["status"])
    op.create_table(
        "change_approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("change_request_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(50), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_approvals"),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["users.id"], name="fk_change_approvals_approver_id_users"
        ),
        sa.ForeignKeyConstraint(
            ["change_request_id"],
            ["change_requests.id"],
            name="fk_change_approvals_change_request_id_change_requests",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_change_approvals_organization_id_organizations",
        ),
    )
    op.create_index(
        "ix_change_approvals_change_request_id",
        "change_approvals",
        ["change_request_id"],
    )
    op.create_index("ix_change_approvals_organization_id", "change_approvals", ["organization_id"])
    op.create_table(
        "problem_ticket_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("problem_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("link_type", sa.String(50), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_problem_ticket_links"),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name="fk_problem_ticket_links_created_by_users",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_problem_ticket_links_organization_id_organizations",
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"],
            ["problems.id"],
            name="fk_problem_ticket_links_problem_id_problems",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name="fk_problem_ticket_links_ticket_id_tickets",
        ),
    )
    op.create_index(
        "ix_problem_ticket_links_organization_id",
        "problem_ticket_links",
        ["organization_id"],
    )
    op.create_index("ix_problem_ticket_links_problem_id", "problem_ticket_links", ["problem_id"])
    op.create_index("ix_problem_ticket_links_ticket_id", "problem_ticket_links", ["ticket_id"])
    op.create_table(
        "ticket_asset_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("asset_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_asset_links"),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name="fk_ticket_asset_links_asset_id_assets"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_ticket_asset_links_created_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_ticket_asset_links_organization_id_organizations",
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name="fk_ticket_asset_links_ticket_id_tickets",
        ),
    )
    op.create_index("ix_ticket_asset_links_asset_id", "ticket_asset_links", ["asset_id"])
    op.create_index(
        "ix_ticket_asset_links_organization_id",
        "ticket_asset_links",
        ["organization_id"],
    )
    op.create_index("ix_ticket_asset_links_ticket_id", "ticket_asset_links", ["ticket_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("ticket_asset_links")
    op.drop_table("problem_ticket_links")
    op.drop_table("change_approvals")
    op.drop_table("problems")
    op.drop_table("change_requests")
    op.drop_table("assets")
