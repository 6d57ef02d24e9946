"""The read model: one SQL in, dataclasses or bytes out; nothing here writes."""
