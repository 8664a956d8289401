"""Canaries: what is written on purpose, waited for, and taken away again."""
