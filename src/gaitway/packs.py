"""Model packs: which detector, segmenter and encoder belong together."""
