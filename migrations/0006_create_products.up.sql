-- Shampoo and the like: what is on the shelf, and what was sold along with an appointment.
CREATE TABLE products (
    id             bigint      GENERATED ALWAYS AS IDENTITY,
    public_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    sku            varchar(40) NOT NULL,
    name           text        NOT NULL,
    price_cents    integer     NOT NULL,
    stock_quantity integer     NOT NULL DEFAULT 0,
    is_active      boolean     NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT products_pkey PRIMARY KEY (id),
    CONSTRAINT products_public_id_key UNIQUE (public_id),
    CONSTRAINT products_sku_key UNIQUE (sku),
    CONSTRAINT products_price_cents_check CHECK (price_cents >= 0),
    CONSTRAINT products_stock_quantity_check CHECK (stock_quantity >= 0)
);

COMMENT ON TABLE products IS 'Goods for sale at the counter';

CREATE TRIGGER products_touch_updated_at
    BEFORE UPDATE ON products
    FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();

CREATE TABLE appointment_products (
    appointment_id   bigint  NOT NULL,
    product_id       bigint  NOT NULL,
    quantity         integer NOT NULL DEFAULT 1,
    unit_price_cents integer NOT NULL,
    CONSTRAINT appointment_products_pkey PRIMARY KEY (appointment_id, product_id),
    CONSTRAINT appointment_products_appointment_id_fkey FOREIGN KEY (appointment_id) REFERENCES appointments (id) ON DELETE CASCADE,
    CONSTRAINT appointment_products_product_id_fkey FOREIGN KEY (product_id) REFERENCES products (id) ON DELETE RESTRICT,
    CONSTRAINT appointment_products_quantity_check CHECK (quantity > 0),
    CONSTRAINT appointment_products_unit_price_cents_check CHECK (unit_price_cents >= 0)
);

CREATE INDEX appointment_products_product_id_idx ON appointment_products (product_id);

COMMENT ON TABLE appointment_products IS 'Goods sold along with an appointment';
COMMENT ON COLUMN appointment_products.unit_price_cents IS 'Price at the time of sale';
