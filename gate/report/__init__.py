"""How it is told: one account becomes the summary, the documents and the machine-readable verdict.

Everything here is plain functions from data to text; only `gate.report.write` touches files, and
`gate.secrets.leaks` reads them back.
"""
