-- Removes CPF and address with everything typed into them (their indexes go with the columns): take a backup first.
ALTER TABLE users
    DROP COLUMN cep,
    DROP COLUMN state,
    DROP COLUMN city,
    DROP COLUMN neighbourhood,
    DROP COLUMN complement,
    DROP COLUMN number,
    DROP COLUMN street,
    DROP COLUMN cpf;
