-- Removes the view; the rows it shows live in the tables below it.
DROP VIEW agenda;
