#!/bin/sh
# Makes the roles and databases; the postgres image runs it once, on an empty data folder.
set -eu

# The passwords reach SQL as psql variables, which quote them; nothing is pasted into a statement.
psql -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
	-v owner_password="$GONGSHU_OWNER_PASSWORD" \
	-v app_password="$GONGSHU_APP_PASSWORD" \
	-v temporal_password="$TEMPORAL_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE gongshu LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE gongshu_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
CREATE ROLE temporal LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'temporal_password';

CREATE DATABASE gongshu OWNER gongshu TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';
REVOKE ALL ON DATABASE gongshu FROM PUBLIC;
GRANT CONNECT ON DATABASE gongshu TO gongshu_app;

CREATE DATABASE temporal OWNER temporal TEMPLATE template0;
REVOKE ALL ON DATABASE temporal FROM PUBLIC;
CREATE DATABASE temporal_visibility OWNER temporal TEMPLATE template0;
REVOKE ALL ON DATABASE temporal_visibility FROM PUBLIC;
SQL
