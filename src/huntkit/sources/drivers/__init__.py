"""The drivers: one module is one driver."""
