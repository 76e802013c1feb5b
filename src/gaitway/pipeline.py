"""Runs the stages over a stream in bounded memory."""
