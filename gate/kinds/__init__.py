"""Kinds of promises."""
