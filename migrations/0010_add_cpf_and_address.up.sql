-- Invoices need the CPF and the postal address of a client; all optional, because no account has them yet.
ALTER TABLE users
    ADD COLUMN cpf           varchar(14),
    ADD COLUMN street        varchar(200),
    ADD COLUMN number        varchar(20),
    ADD COLUMN complement    varchar(100),
    ADD COLUMN neighbourhood varchar(100),
    ADD COLUMN city          varchar(100),
    ADD COLUMN state         char(2),
    ADD COLUMN cep           varchar(9);

-- Nullable columns without a default rewrite nothing, and indexes of all-empty columns on one salon's accounts build in
-- milliseconds: plain builds keep this revision in one transaction.
CREATE UNIQUE INDEX users_cpf_key ON users (cpf);
CREATE INDEX users_cep_idx ON users (cep);
CREATE INDEX users_city_idx ON users (city);
CREATE INDEX users_state_idx ON users (state);

COMMENT ON COLUMN users.cpf IS 'Brazilian taxpayer number as 000.000.000-00';
COMMENT ON COLUMN users.number IS 'House number; text, because "s/n" and "12-A" exist';
COMMENT ON COLUMN users.state IS 'Two-letter code of the state';
COMMENT ON COLUMN users.cep IS 'Postal code as 00000-000';
