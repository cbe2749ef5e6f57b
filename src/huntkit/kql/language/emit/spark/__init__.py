"""The emitter of Spark SQL."""
