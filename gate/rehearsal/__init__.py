"""The rehearsal: a clone is migrated up, down and up again, under witness, before the live one."""
