"""The only places that touch foreign libraries and the file system."""
