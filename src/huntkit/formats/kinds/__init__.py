"""One module for each format; its name is the format's name, and nothing else lists it."""
