"""What the field is: pure rules, no I/O, no clock, no database, no framework."""
