-- Takes the copy in cents away again; amount was never touched, so no money is lost.
DROP TRIGGER payments_fill_amount_cents ON payments;

DROP FUNCTION fill_payment_amount_cents();

ALTER TABLE payments
    DROP CONSTRAINT payments_amount_cents_check,
    DROP CONSTRAINT payments_amount_cents_present,
    DROP COLUMN amount_cents;
