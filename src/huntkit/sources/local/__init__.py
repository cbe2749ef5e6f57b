"""Local evidence: folders of log files, read into tables with known names."""
