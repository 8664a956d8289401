"""Which release this is."""

VERSION = "2.4.0"
