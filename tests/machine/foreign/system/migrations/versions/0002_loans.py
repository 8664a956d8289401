"""Loans."""

import sqlalchemy as sa
from alembic import op

revision = "0002_loans"
down_revision = "0001_books"


def upgrade() -> None:
    """Loans come."""
    op.create_table(
        "loans",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("book", sa.BigInteger, sa.ForeignKey("books.id"), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Loans go."""
    op.drop_table("loans")
