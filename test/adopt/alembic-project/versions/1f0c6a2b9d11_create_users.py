"""create users"""

import sqlalchemy as sa
from alembic import op

revision = "1f0c6a2b9d11"
down_revision = None

role = sa.Enum("client", "professional", name="user_role")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("full_name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("role", role, nullable=False, server_default="client"),
        sa.CheckConstraint("email LIKE '%@%'", name="email_has_an_at"),
    )


def downgrade() -> None:
    op.drop_table("users")
    op.execute("DROP TYPE user_role")
