-- Removes the price list; its trigger goes with it, the shared function stays.
DROP TABLE services;
