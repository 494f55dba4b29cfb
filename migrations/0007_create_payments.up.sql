-- Money received for an appointment; one may be paid in parts and by different means.
CREATE TYPE payment_method AS ENUM ('cash', 'pix', 'debit_card', 'credit_card');

COMMENT ON TYPE payment_method IS 'How money reached the counter';

CREATE TABLE payments (
    id                 bigint         GENERATED ALWAYS AS IDENTITY,
    public_id          uuid           NOT NULL DEFAULT gen_random_uuid(),
    appointment_id     bigint         NOT NULL,
    method             payment_method NOT NULL,
    amount             numeric(10, 2) NOT NULL,
    external_reference text,
    paid_at            timestamptz    NOT NULL DEFAULT now(),
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT payments_public_id_key UNIQUE (public_id),
    CONSTRAINT payments_external_reference_key UNIQUE (external_reference),
    CONSTRAINT payments_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES appointments (id) ON DELETE RESTRICT,
    CONSTRAINT payments_amount_check CHECK (amount > 0)
);

CREATE INDEX payments_appointment_id_idx ON payments (appointment_id);
CREATE INDEX payments_paid_at_idx ON payments (paid_at);

COMMENT ON TABLE payments IS 'Money received for appointments';
COMMENT ON COLUMN payments.amount IS 'In Brazilian reais';
COMMENT ON COLUMN payments.external_reference IS 'Id at the payment provider; stops the same notification from counting twice';
