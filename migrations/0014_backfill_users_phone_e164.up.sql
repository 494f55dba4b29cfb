-- Fills phone_e164 from phone (updated_at moves on purpose: caches must see the change) and validates its check.
UPDATE users
   SET phone_e164 = CASE
           -- Written with a plus sign: already international.
           WHEN btrim(phone) LIKE '+%' AND digits ~ '^[1-9][0-9]{7,14}$' THEN '+' || digits
           -- Area code and number, perhaps with the trunk zero: 11 98765-4321, (011) 3456-7890.
           WHEN digits ~ '^0?[1-9][1-9][0-9]{8,9}$' THEN '+55' || ltrim(digits, '0')
           -- Country code without the plus sign.
           WHEN digits ~ '^55[1-9][1-9][0-9]{8,9}$' THEN '+' || digits
       END
  FROM (SELECT id AS typed_id, regexp_replace(phone, '[^0-9]', '', 'g') AS digits
          FROM users
         WHERE phone IS NOT NULL) AS typed
 WHERE id = typed_id
   AND phone_e164 IS NULL;

-- Scans while reads and writes go on.
ALTER TABLE users VALIDATE CONSTRAINT users_phone_e164_check;
