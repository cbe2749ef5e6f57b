"""What every floor needs: errors, plugins, progress, time spans. Standard library only."""
