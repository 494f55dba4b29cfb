"""One process that takes each schema to a revision, as a team's script does; says how many seconds it worked."""

import json
import sys
import time

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

job = json.load(sys.stdin)
config = Config()
config.set_main_option("script_location", job["scripts"])

started = time.perf_counter()
with create_engine("postgresql+psycopg://").connect() as connection:
    config.attributes["connection"] = connection
    for schema in job["schemas"]:
        connection.execute(text(f"SET search_path TO {schema['name']}"))
        connection.commit()
        move = command.downgrade if schema["from"] > job["to"] else command.upgrade
        move(config, job["revision"])
print(json.dumps({"seconds": time.perf_counter() - started}))
