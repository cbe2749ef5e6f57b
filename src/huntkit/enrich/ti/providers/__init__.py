"""Providers of threat intelligence: one module each, found by its name."""
