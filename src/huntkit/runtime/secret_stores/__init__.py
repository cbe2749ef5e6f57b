"""Where secrets are kept, one module each; the name of the module begins the reference."""
