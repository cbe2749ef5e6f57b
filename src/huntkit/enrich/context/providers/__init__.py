"""Each module here is one provider of context."""
