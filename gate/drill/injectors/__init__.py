"""The catalogue of injectors: one module each, with an `INJECTOR`."""
