"""Finding, result, ledger, verdict: every promise ends as exactly one outcome; no pytest here."""
