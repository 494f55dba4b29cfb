-- Fills amount_cents for the payments taken before 0008 and makes it required.
UPDATE payments
   SET amount_cents = round(amount * 100)::bigint
 WHERE amount_cents IS NULL;

-- VALIDATE scans while reads and writes go on.
ALTER TABLE payments VALIDATE CONSTRAINT payments_amount_cents_present;
ALTER TABLE payments VALIDATE CONSTRAINT payments_amount_cents_check;

-- The valid check proves there is no NULL, so SET NOT NULL skips its scan and the exclusive lock, taken last, is short.
ALTER TABLE payments ALTER COLUMN amount_cents SET NOT NULL;
ALTER TABLE payments DROP CONSTRAINT payments_amount_cents_present;
