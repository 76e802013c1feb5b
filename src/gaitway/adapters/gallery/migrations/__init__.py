"""The steps that bring a gallery from one schema to the next; a released step is never changed."""
