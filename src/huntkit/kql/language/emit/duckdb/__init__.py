"""The emitter for DuckDB: one module for each kind of primitive."""
