-- Removes the link table first, because it points at the stations.
DROP TABLE service_stations;

DROP TABLE stations;
