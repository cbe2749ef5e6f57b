"""KQL, the language of hunting queries, on local tables."""
