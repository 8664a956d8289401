"""Judge contract and target without looking: mistakes, warnings, and advice."""
