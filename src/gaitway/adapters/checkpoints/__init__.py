"""Published weights as the field hands them out: read safely, fitted to our networks, exported once."""
