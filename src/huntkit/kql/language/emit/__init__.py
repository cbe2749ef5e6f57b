"""Emitters: a typed plan becomes the SQL of one engine, as sqlglot expressions."""
