"""The RAG graph: documents, chunks, nodes, edges, queue, configuration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


class Vector(sa.types.UserDefinedType[object]):
    """pgvector's type: ``vector(n)``."""

    cache_ok = True

    def __init__(self, size: int) -> None:
        """Have a size."""
        self.size = size

    def get_col_spec(self, **_: object) -> str:
        """Spell it in SQL."""
        return f"vector({self.size})"


revision = "phase3_rag_graph"
down_revision = "ae2bcdc8e643"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rag_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("source_type", sa.String(50), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(1000), nullable=True),
        sa.Column("visibility", sa.String(20), nullable=True),
        sa.Column("metadata_json", postgresql.JSONB(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rag_documents"),
    )
    op.create_index(
        "ix_rag_documents_org_source",
        "rag_documents",
        ["organization_id", "source_type", "source_id"],
        unique=True,
    )
    op.create_index("ix_rag_documents_organization_id", "rag_documents", ["organization_id"])
    op.create_table(
        "rag_chunks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("chunk_index", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("embedding", Vector(1536), nullable=True),
        sa.Column("token_count", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rag_chunks"),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["rag_documents.id"],
            name="fk_rag_chunks_document_id_rag_documents",
            ondelete="CASCADE",
        ),
    )
    op.execute(
        "CREATE INDEX ix_rag_chunks_hnsw ON rag_chunks USING hnsw "
        "(embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)"
    )
    op.create_index("ix_rag_chunks_org", "rag_chunks", ["organization_id"])
    op.create_index("ix_rag_chunks_org_doc", "rag_chunks", ["organization_id", "document_id"])
    op.create_index("ix_rag_chunks_organization_id", "rag_chunks", ["organization_id"])
    op.create_table(
        "rag_index_queue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("source_type", sa.String(50), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(20), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rag_index_queue"),
    )
    op.create_index("ix_rag_index_queue_organization_id", "rag_index_queue", ["organization_id"])
    op.create_index("ix_rag_queue_status", "rag_index_queue", ["status", "priority", "created_at"])
    op.create_table(
        "rag_nodes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("node_type", sa.String(50), nullable=False),
        sa.Column("node_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(500), nullable=True),
        sa.Column("metadata_json", postgresql.JSONB(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rag_nodes"),
    )
    op.create_index(
        "ix_rag_nodes_org_type_id",
        "rag_nodes",
        ["organization_id", "node_type", "node_id"],
        unique=True,
    )
    op.create_index("ix_rag_nodes_organization_id", "rag_nodes", ["organization_id"])
    op.create_table(
        "rag_edges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("from_node_id", sa.Uuid(), nullable=False),
        sa.Column("to_node_id", sa.Uuid(), nullable=False),
        sa.Column("edge_type", sa.String(50), nullable=False),
        sa.Column("weight", sa.Float(53), nullable=True),
        sa.Column("metadata_json", postgresql.JSONB(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rag_edges"),
        sa.ForeignKeyConstraint(
            ["from_node_id"],
            ["rag_nodes.id"],
            name="fk_rag_edges_from_node_id_rag_nodes",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["to_node_id"],
            ["rag_nodes.id"],
            name="fk_rag_edges_to_node_id_rag_nodes",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_rag_edges_from", "rag_edges", ["organization_id", "from_node_id"])
    op.create_index("ix_rag_edges_organization_id", "rag_edges", ["organization_id"])
    op.create_index("ix_rag_edges_to", "rag_edges", ["organization_id", "to_node_id"])
    op.create_index("ix_rag_edges_type", "rag_edges", ["organization_id", "edge_type"])
    op.create_table(
        "rag_config",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("embed_dim", sa.Integer(), nullable=False),
        sa.Column("embed_model", sa.String(100), nullable=False),
        sa.Column("hnsw_ef_search", sa.Integer(), nullable=True),
        sa.Column("top_k", sa.Integer(), nullable=True),
        sa.Column("graph_depth", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.UniqueConstraint("organization_id", name="uq_rag_config_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_rag_config"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("rag_config")
    op.drop_table("rag_edges")
    op.drop_table("rag_nodes")
    op.drop_table("rag_index_queue")
    op.drop_table("rag_chunks")
    op.drop_table("rag_documents")
