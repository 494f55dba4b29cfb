-- Prices are integer cents everywhere but here; adds the column in short locks, so that 0009 can fill it while payments go on.
ALTER TABLE payments ADD COLUMN amount_cents bigint;

COMMENT ON COLUMN payments.amount_cents IS 'In centavos; filled from amount for writers that do not send it';

-- Releases of the application that know only amount keep working during the change.
CREATE FUNCTION fill_payment_amount_cents() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF NEW.amount_cents IS NULL
       OR (TG_OP = 'UPDATE'
           AND NEW.amount IS DISTINCT FROM OLD.amount
           AND NEW.amount_cents IS NOT DISTINCT FROM OLD.amount_cents) THEN
        NEW.amount_cents := round(NEW.amount * 100)::bigint;
    END IF;
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION fill_payment_amount_cents() IS 'Row trigger: derives amount_cents for writers that send only amount';

CREATE TRIGGER payments_fill_amount_cents
    BEFORE INSERT OR UPDATE ON payments
    FOR EACH ROW
    EXECUTE FUNCTION fill_payment_amount_cents();

-- NOT VALID binds new rows at once and does not scan the old ones under this exclusive lock; 0009 validates.
ALTER TABLE payments
    ADD CONSTRAINT payments_amount_cents_present CHECK (amount_cents IS NOT NULL) NOT VALID,
    ADD CONSTRAINT payments_amount_cents_check CHECK (amount_cents = round(amount * 100)) NOT VALID;
