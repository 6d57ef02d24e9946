"""Files to checked rows: readers, encodings, columns, coordinate systems, geometry checks. No database."""
