"""The gateway: HTTP. A signed action passes four layers of checks and gets its 202."""
