"""The writes: one function a command; it checks, decides, stores, and says what follows."""
