"""From walks to names: encoders, distances, joint open-set matching."""
