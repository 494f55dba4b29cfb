-- Reminders need a dialable number: a second column, so that what people typed is never lost.
ALTER TABLE users ADD COLUMN phone_e164 varchar(16);

COMMENT ON COLUMN users.phone_e164 IS 'phone as +5511987654321; empty when it could not be understood';

-- NOT VALID: no scan under this exclusive lock; 0014 fills the column and validates.
ALTER TABLE users
    ADD CONSTRAINT users_phone_e164_check CHECK (phone_e164 ~ '^[+][1-9][0-9]{7,14}$') NOT VALID;
