-- Removes the accounts, and their role type once nothing uses it.
DROP TABLE users;

DROP TYPE user_role;
