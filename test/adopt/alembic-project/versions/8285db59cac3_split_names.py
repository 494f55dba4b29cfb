"""split names"""

import sqlalchemy as sa
from alembic import op

revision = "8285db59cac3"
down_revision = "1f0c6a2b9d11"


def upgrade() -> None:
    op.add_column("users", sa.Column("first_name", sa.String(60)))
    users = sa.table("users", sa.column("first_name"), sa.column("full_name"))
    op.execute(users.update().values(first_name=sa.func.split_part(users.c.full_name, " ", 1)))
    op.execute("COMMENT ON COLUMN users.first_name IS 'Said in greetings; it''s short'")


def downgrade() -> None:
    op.drop_column("users", "first_name")
