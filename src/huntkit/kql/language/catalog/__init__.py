"""What KQL's functions are called, what they take and what they give."""
