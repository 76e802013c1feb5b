"""Networks on OpenVINO, torch and onnxruntime: arrays in, arrays out."""
