"""Which release this is."""

VERSION = "2.5.0"
