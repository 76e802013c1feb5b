"""Fakes and small makers shared by the tests."""
