"""Where to build: walking distances, location models with proven bounds, and reasons. Arrays in, arrays out."""
