"""Where to build: walking distances, models with proven bounds, and reasons. Arrays in, arrays out."""
