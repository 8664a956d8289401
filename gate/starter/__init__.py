"""A first contract, target and CI job for somebody who has none yet."""
