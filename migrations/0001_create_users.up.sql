-- Accounts of clients, professionals and managers: everything else in a salon points at one of them.
CREATE TYPE user_role AS ENUM ('client', 'professional', 'manager');

COMMENT ON TYPE user_role IS 'What an account may do in its salon';

CREATE TABLE users (
    id            bigint      GENERATED ALWAYS AS IDENTITY,
    public_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    role          user_role   NOT NULL DEFAULT 'client',
    full_name     text        NOT NULL,
    email         text        NOT NULL,
    phone         varchar(32),
    password_hash text        NOT NULL,
    is_active     boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_public_id_key UNIQUE (public_id),
    CONSTRAINT users_full_name_check CHECK (btrim(full_name) <> ''),
    CONSTRAINT users_email_check CHECK (position('@' IN email) > 1)
);

-- People type their address in any case and expect to reach the same account.
CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email));

CREATE INDEX users_professionals_idx ON users (full_name) WHERE role = 'professional' AND is_active;

COMMENT ON TABLE users IS 'Accounts of clients, professionals and managers';
COMMENT ON COLUMN users.public_id IS 'The only identifier the API hands out';
COMMENT ON COLUMN users.phone IS 'As typed by the person, any format';
