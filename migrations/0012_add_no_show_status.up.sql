-- A client who did not come is neither completed nor cancelled: reports need to tell them apart (first usable after commit).
ALTER TYPE appointment_status ADD VALUE 'no_show';
