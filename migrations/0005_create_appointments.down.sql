-- Removes the agenda, and its status type once nothing uses it.
DROP TABLE appointments;

DROP TYPE appointment_status;
