"""SQL databases: one module for each engine, and the types that their columns come as."""
