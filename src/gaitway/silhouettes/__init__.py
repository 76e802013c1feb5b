"""From masks to walks: isolation, alignment, quality, sequences, gait energy images."""
