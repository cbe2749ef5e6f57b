"""What services of the Kusto family have in common."""
