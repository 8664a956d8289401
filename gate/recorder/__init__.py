"""Write what is seen as chapters of a contract, to be reviewed by a person."""
