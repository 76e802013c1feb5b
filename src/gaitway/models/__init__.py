"""Networks as torch modules with the published state-dict keys; no input or output."""
