-- Drops the index of "my appointments" without waiting in front of those who are booking.
DROP INDEX CONCURRENTLY appointments_client_id_starts_at_idx;
