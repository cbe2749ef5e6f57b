"""Security-Datasets (once Mordor): what its metadata says, and the events of its files."""
