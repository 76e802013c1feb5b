"""The field's gait networks, built from OpenGait's ``model_cfg``, with the published state_dict keys."""
