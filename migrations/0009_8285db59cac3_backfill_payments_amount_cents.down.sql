-- Back to an optional amount_cents with both checks not yet validated; the filled values stay, for they are still right.
ALTER TABLE payments
    ALTER COLUMN amount_cents DROP NOT NULL,
    ADD CONSTRAINT payments_amount_cents_present CHECK (amount_cents IS NOT NULL) NOT VALID;

-- A valid constraint cannot be made NOT VALID again: it is replaced, within this transaction.
ALTER TABLE payments DROP CONSTRAINT payments_amount_cents_check;
ALTER TABLE payments ADD CONSTRAINT payments_amount_cents_check CHECK (amount_cents = round(amount * 100)) NOT VALID;
