"""Durations as statistics: what few of them prove, and when more are needed."""
