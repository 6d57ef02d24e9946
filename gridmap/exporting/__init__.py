"""Features to files: formats, coordinates, and what spreadsheets would take for a formula."""
