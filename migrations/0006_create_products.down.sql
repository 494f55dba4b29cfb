-- Removes the sales first, because they point at the products.
DROP TABLE appointment_products;

DROP TABLE products;
