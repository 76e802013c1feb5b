"""Training: data, samplers, losses, the loop, export."""
