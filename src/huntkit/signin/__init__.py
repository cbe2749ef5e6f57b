"""Who asks: sign-in to clouds, for all packages that talk to them."""
