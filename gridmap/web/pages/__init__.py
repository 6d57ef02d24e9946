"""Pages for people; each module brings a ``blueprint``, which ``create_app`` registers."""
