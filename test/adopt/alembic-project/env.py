"""As a team has it that keeps one schema for each environment: the schema comes from DEFAULT_SCHEMA_NAME."""

import os

from alembic import context
from sqlalchemy import create_engine, text

# libpq's own variables (PGHOST, PGUSER, ...) say where the server is.
URL = "postgresql+psycopg://"
SCHEMA = os.environ.get("DEFAULT_SCHEMA_NAME")


def offline() -> None:
    context.configure(url=URL, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    with create_engine(URL).connect() as connection:
        connection.execute(text(f'SET search_path TO "{SCHEMA}"'))
        connection.commit()
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online()
