"""What is secret, in every form that it can take, and how it is kept out of everything told.

`gate.secrets.known` is what the rest of the gate calls: ``learn`` a value, ``clean`` a text.
"""
