"""The pytest plugin, thin: options, collection, a view of the account."""
