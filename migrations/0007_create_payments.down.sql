-- Removes the payments, and their method type once nothing uses it.
DROP TABLE payments;

DROP TYPE payment_method;
