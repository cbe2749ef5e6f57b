"""What Azure knows: resources, Sentinel's incidents and rules, blobs. Asked only when called."""
