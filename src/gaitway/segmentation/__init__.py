"""Cutting people out: crops, BlazePose and PP-HumanSeg."""
