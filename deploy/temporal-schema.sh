#!/bin/sh
# Brings the schema of Temporal's two databases to the version of the tools. May be run again at any time.
set -eu

for pair in temporal:postgresql/v12/temporal temporal_visibility:postgresql/v12/visibility; do
	database=${pair%%:*}
	schema=${pair#*:}
	temporal-sql-tool --database "$database" setup-schema --version 0.0
	temporal-sql-tool --database "$database" update-schema --schema-name "$schema"
done
