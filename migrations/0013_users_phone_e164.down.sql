-- Removes the dialable copy of the number; phone still holds what was typed.
ALTER TABLE users
    DROP CONSTRAINT users_phone_e164_check,
    DROP COLUMN phone_e164;
