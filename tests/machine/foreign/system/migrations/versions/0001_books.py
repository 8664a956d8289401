"""Books."""

import sqlalchemy as sa
from alembic import op

revision = "0001_books"
down_revision = None


def upgrade() -> None:
    """Books come."""
    op.create_table(
        "books",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_index("ix_books_title", "books", ["title"])


def downgrade() -> None:
    """Books go."""
    op.drop_table("books")
