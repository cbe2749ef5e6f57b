"""What services of the Kusto family have in common: their types, rows and complaints."""
