"""Background work: the worker process and what each job does."""
