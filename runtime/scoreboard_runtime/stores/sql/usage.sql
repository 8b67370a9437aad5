-- name: usage
-- What the database takes, and how many connections its server has of those that it gives to anybody.
SELECT pg_database_size(current_database()) AS bytes,
       (SELECT sum(numbackends)::bigint FROM pg_stat_database) AS connections,
       current_setting('max_connections')::bigint
       - current_setting('superuser_reserved_connections')::bigint AS connections_limit;
