"""All SQLAlchemy: tables, the engine, one module a feature for loading and writing rows."""
