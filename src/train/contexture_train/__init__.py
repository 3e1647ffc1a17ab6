"""Trains, evaluates and exports Contexture's retrieval heads."""
