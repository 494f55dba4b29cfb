-- One row an appointment with names and what is still owed: the front desk and the reminders asked for the same joins.
CREATE VIEW agenda AS
SELECT a.public_id,
       a.starts_at,
       a.ends_at,
       a.status,
       c.full_name AS client_name,
       c.phone_e164 AS client_phone,
       p.full_name AS professional_name,
       s.name AS service_name,
       st.name AS station_name,
       a.price_cents + sold.total_cents AS total_cents,
       a.price_cents + sold.total_cents - paid.total_cents AS owed_cents
  FROM appointments a
  JOIN users c ON c.id = a.client_id
  JOIN users p ON p.id = a.professional_id
  JOIN services s ON s.id = a.service_id
  LEFT JOIN stations st ON st.id = a.station_id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(ap.quantity * ap.unit_price_cents), 0)::bigint AS total_cents
         FROM appointment_products ap
        WHERE ap.appointment_id = a.id) AS sold
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(pay.amount_cents), 0)::bigint AS total_cents
         FROM payments pay
        WHERE pay.appointment_id = a.id) AS paid
 WHERE a.status <> 'cancelled';

COMMENT ON VIEW agenda IS 'Appointments with names and what is still owed';
COMMENT ON COLUMN agenda.owed_cents IS 'Service and goods less payments; below zero when overpaid';
