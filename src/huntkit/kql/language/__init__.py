"""The language itself: text to syntax tree to typed plan to one engine's SQL. Knows no frames."""
