"""Series: arrays of numbers."""
