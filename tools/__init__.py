"""Tools for building and measuring huntkit; not part of the package."""
