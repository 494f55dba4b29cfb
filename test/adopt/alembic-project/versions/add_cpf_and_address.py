"""add cpf and address"""

import sqlalchemy as sa
from alembic import op

revision = "add_cpf_and_address"
down_revision = "8285db59cac3"


def upgrade() -> None:
    op.add_column("users", sa.Column("cpf", sa.String(14)))
    op.add_column("users", sa.Column("city", sa.String(80)))
    op.create_index("ix_users_cpf", "users", ["cpf"], unique=True)
    op.create_index("ix_users_city", "users", [sa.text("lower(city)")], postgresql_where=sa.text("city <> ''"))


def downgrade() -> None:
    op.drop_index("ix_users_city", "users")
    op.drop_index("ix_users_cpf", "users")
    op.drop_column("users", "city")
    op.drop_column("users", "cpf")
