"""The only modules that speak Postgres and Valkey."""
